import * as v from "valibot";
import { connectionIdPattern, isGroupName, isMap, ServiceError } from "../../core/base/mod.ts";
import {
  closeCodeAllowed,
  closeReasonBytesMax,
  closeReasonFits,
} from "../../core/websocket/mod.ts";
import { fromJsonBinary } from "./json-binary.ts";
import { checkNesting } from "./nesting.ts";
import { checked, isOwnGroup, refusal } from "./refusal.ts";
import { sliceIds } from "./slices.ts";

const id = v.pipe(v.string(), v.regex(connectionIdPattern, "it is no connection's id"));
const manyIds = v.array(id);
/** For an array that was looked through: the schema takes ten times as long. */
const checkedIds = v.custom<string[]>(() => true);
/** Chosen by what is there, so that a fault names its place within the array. */
const ids = v.lazy((given) => {
  if (!Array.isArray(given)) return id;
  return given.every(isId) ? checkedIds : manyIds;
});
function isId(value: unknown): boolean {
  return typeof value === "string" && connectionIdPattern.test(value);
}

const data = v.union([v.string(), v.instance(Uint8Array)]);
const group = v.pipe(
  v.string(),
  v.check(isGroupName, "a group's name has 1 to 256 bytes of UTF-8"),
);
/** A group whose members the commands choose: not `@all`, and not that of a user. */
const ownGroup = v.pipe(group, v.check(isOwnGroup, "the gateway says who is in this group"));
const natural = v.pipe(v.number(), v.minValue(0, "it must be 0 or more"));
const code = v.pipe(
  v.number(),
  v.check((value) => Number.isInteger(value) && closeCodeAllowed(value), "no such close code"),
);
const reason = v.pipe(
  v.string(),
  v.check(closeReasonFits, `it has ${closeReasonBytesMax} bytes at most`),
);

const options = v.looseObject({
  ref: v.optional(v.unknown()),
  ttl: v.nullish(natural),
  at: v.nullish(natural),
  except: v.nullish(ids),
  cause: v.nullish(v.literal("error")),
});

/** Each verb with what stands behind it, up to the options. Further elements are ignored. */
function verbsWith<Ids extends v.GenericSchema>(
  some: Ids,
  many: v.GenericSchema<string[], string[]> = manyIds,
) {
  return {
    send: v.looseTuple([v.literal("send"), some, data]),
    close: v.looseTuple([v.literal("close"), some, v.nullish(code), v.nullish(reason)]),
    join: v.looseTuple([v.literal("join"), some, ownGroup]),
    leave: v.looseTuple([v.literal("leave"), some, ownGroup]),
    publish: v.looseTuple([v.literal("publish"), group, data]),
    state: v.looseTuple([v.literal("state"), some, v.unknown()]),
    renew: v.looseTuple([v.literal("renew"), some, natural]),
    query: v.looseTuple([v.literal("query"), v.union([group, many])]),
  } as const;
}

const verbs = verbsWith(ids);
/** For commands whose ids were looked through before. */
const verbsOfChecked = verbsWith(checkedIds, checkedIds);

type Verb = keyof typeof verbs;

/** The fewest elements of an item, in front of its options. */
const elementsMin: Readonly<Record<Verb, number>> = {
  send: 3,
  close: 2,
  join: 3,
  leave: 3,
  publish: 3,
  state: 3,
  renew: 3,
  query: 2,
};

/** The map at the end of a command, as far as its values are checked. */
export interface WireCommandOptions {
  readonly ref?: unknown;
  readonly ttl?: number | null | undefined;
  readonly at?: number | null | undefined;
  readonly except?: string | readonly string[] | null | undefined;
  readonly cause?: "error" | null | undefined;
  readonly [key: string]: unknown;
}

/** A command that was checked, with bytes for binary data. */
export type Command = {
  readonly options: WireCommandOptions;
} & (
  | { readonly verb: "send"; readonly ids: readonly string[]; readonly data: Data }
  | {
      readonly verb: "close";
      readonly ids: readonly string[];
      readonly closeCode: number;
      readonly closeReason: string;
    }
  | {
      readonly verb: "join" | "leave";
      readonly ids: readonly string[];
      readonly group: string;
    }
  | { readonly verb: "publish"; readonly group: string; readonly data: Data }
  | { readonly verb: "state"; readonly ids: readonly string[]; readonly value: unknown }
  | { readonly verb: "renew"; readonly ids: readonly string[]; readonly expires: number }
  | { readonly verb: "query"; readonly subject: string | readonly string[] }
);

type Data = string | Uint8Array;

/** The options as a client writes them, for the description: the node reads the last four. */
const describedOptions = v.pipe(
  v.looseObject({
    ...options.entries,
    ref: v.optional(v.pipe(v.unknown(), v.description("comes back with the reply"))),
    ttl: v.nullish(v.pipe(natural, v.description("send, publish: ms; not sent if older"))),
    at: v.nullish(v.pipe(natural, v.description("ms since 1970, from which ttl counts"))),
    except: v.nullish(v.pipe(v.union([id, manyIds]), v.description("publish: who gets nothing"))),
    cause: v.nullish(v.pipe(v.literal("error"), v.description("close: the cause in the event"))),
    trace: v.optional(v.pipe(v.unknown(), v.description("a traceparent that this is part of"))),
    count: v.optional(v.pipe(v.boolean(), v.description("query of a group: the number alone"))),
    group: v.optional(v.pipe(v.boolean(), v.description("query: a text is a group's name"))),
    info: v.optional(v.pipe(v.boolean(), v.description("query: more of each connection"))),
  }),
  v.description("the options; elements behind them, and unknown keys, are ignored"),
);

/** One form for each place at which the options of a verb may stand. */
function describedForms(): v.GenericSchema[] {
  const all = Object.entries(verbsWith(v.union([id, manyIds])));
  return all.flatMap(([verb, { items }]) => {
    const forms: v.GenericSchema[] = [];
    for (let count = elementsMin[verb as Verb]; count <= items.length; count++) {
      forms.push(v.looseTuple([...items.slice(0, count), v.optional(describedOptions)]));
    }
    return forms;
  });
}

/** Commands as a client of the HTTP side writes them, for its description. */
export const commandSchema: v.GenericSchema = v.union(describedForms());

/**
 * The commands of a bare batch, from parsed JSON or decoded MessagePack. Throws
 * `batch-malformed`, `command-malformed`, `command-unknown` or `id-malformed`; then none is to be
 * carried out.
 */
export function readCommands(batch: unknown): Command[] {
  return [...eachCommand(batch)].filter((command) => command !== undefined);
}

/** The same, one after another. Undefined: a command of many ids is read so far. */
export function* eachCommand(batch: unknown): Generator<Command | undefined, void, undefined> {
  if (!Array.isArray(batch)) throw refusal("body", "an array of commands is expected");
  for (const [index, item] of batch.entries()) {
    const place = `body[${index}]`;
    checkNesting(item, place);
    const areChecked = yield* checkIds(item, place);
    yield readCommand(fromJsonBinary(item), place, areChecked ? verbsOfChecked : verbs);
  }
}

/** Looks through the ids of a command that has more than a slice of them. Whether it has. */
function* checkIds(item: unknown, place: string): Generator<undefined, boolean, undefined> {
  const given: unknown = Array.isArray(item) ? item[1] : undefined;
  if (!Array.isArray(given) || given.length <= sliceIds) return false;
  for (const [index, one] of given.entries()) {
    if (!isId(one)) checked(id, one, `${place}[1][${index}]`);
    if (index % sliceIds === 0) yield;
  }
  return true;
}

/** One message to each of these connections. */
export function sendCommand(ids: readonly string[], data: Data): Command {
  return { verb: "send", ids, data, options: {} };
}

type Verbs = typeof verbs | typeof verbsOfChecked;

function readCommand(value: unknown, place: string, of: Verbs): Command {
  if (!Array.isArray(value)) throw refusal(place, "a command is an array that begins with a verb");
  const item: readonly unknown[] = value;
  const verb = item[0];
  if (typeof verb !== "string" || !Object.hasOwn(verbs, verb)) {
    const known = Object.keys(verbs).join(", ");
    throw new ServiceError("command-unknown", `${place}[0]: the verbs are ${known}`);
  }
  const known = verb as Verb;
  const last = item.at(-1);
  const hasOptions = item.length > elementsMin[known] && isPlainMap(last);
  const given = hasOptions ? item.slice(0, -1) : item;
  // A state may be any value, so its schema finds none missing.
  if (known === "state" && given.length < elementsMin.state) {
    throw refusal(`${place}[2]`, "a value is expected, and it is missing; null removes the state");
  }
  return {
    ...partsOf(known, given, { place, of }),
    options: hasOptions ? checked(options, last, `${place}[${item.length - 1}]`) : {},
  } as Command;
}

function isPlainMap(value: unknown): boolean {
  return isMap(value) && !(value instanceof Uint8Array);
}

/** Where a command stands, and the schemas that read it. */
interface Reading {
  readonly place: string;
  readonly of: Verbs;
}

function partsOf(
  verb: Verb,
  given: readonly unknown[],
  { place, of }: Reading,
): Record<string, unknown> {
  if (verb === "publish") {
    const [, name, content] = checked(of.publish, given, place);
    return { verb, group: name, data: content };
  }
  if (verb === "query") return { verb, subject: checked(of.query, given, place)[1] };
  if (verb === "close") {
    const [, to, closeCode, closeReason] = checked(of.close, given, place);
    return { verb, ids: many(to), closeCode: closeCode ?? 1000, closeReason: closeReason ?? "" };
  }
  const [, to, value] = checked(of[verb], given, place);
  const name = { send: "data", join: "group", leave: "group", state: "value", renew: "expires" };
  return { verb, ids: many(to), [name[verb]]: value };
}

function many(to: string | readonly string[]): readonly string[] {
  return typeof to === "string" ? [to] : to;
}
