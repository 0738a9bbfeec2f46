import * as v from "valibot";
import { appNamePattern, connectionIdPattern, isGroupName } from "../../core/base/mod.ts";
import { type ConnectionFilter, inspectLimits } from "../../core/inspect/mod.ts";
import { Refusal } from "../http/mod.ts";
import { fromBase64 } from "../http-wire/mod.ts";
import { adminLimits } from "./admin-limits.ts";

const search = v.optional(
  v.pipe(v.string(), v.maxLength(adminLimits.searchCharsMax, "it is too long")),
);
const app = v.pipe(v.string(), v.regex(appNamePattern, "it is no app's name"));
const group = v.pipe(
  v.string(),
  v.check(isGroupName, "a group's name has 1 to 256 bytes of UTF-8"),
);
const id = v.pipe(v.string(), v.regex(connectionIdPattern, "it is no connection's id"));

const limitRange = `it must be a whole number from 1 to ${inspectLimits.connectionsMax}`;
const limit = v.pipe(
  v.string(),
  v.regex(/^\d{1,4}$/, limitRange),
  v.transform(Number),
  v.minValue(1, limitRange),
  v.maxValue(inspectLimits.connectionsMax, limitRange),
);
const cursor = v.pipe(
  v.string(),
  v.regex(/^\d{1,4}:\d{1,9}$/, "it must be the `next` of an answer, such as 0:100"),
);

/** A search, with what was not given filled in. */
export interface SearchQuery extends ConnectionFilter {
  readonly limit: number;
  /** `MEMBER:SLOT`, as `next` of an answer has it. */
  readonly after: string;
}

export type TailQuery =
  | { readonly connection: string }
  | { readonly group: string; readonly app?: string | undefined };

export interface CloseBody {
  readonly code: number;
  readonly reason: string;
  readonly app?: string | undefined;
}

export interface DataBody {
  readonly data: string | Uint8Array;
  readonly app: string | undefined;
}

const searchQuery: v.GenericSchema<unknown, SearchQuery> = v.strictObject({
  id: search,
  user: search,
  address: search,
  group: search,
  app: search,
  limit: v.optional(limit, String(inspectLimits.connectionsDefault)),
  after: v.optional(cursor, "0:0"),
});

const tailOfConnection = v.strictObject({ connection: id });
const tailOfGroup = v.strictObject({ group, app: v.optional(app) });

const base64Data = v.pipe(
  v.string(),
  v.transform(fromBase64),
  v.instance(Uint8Array, "it is not base64"),
);
const dataEntries = { text: v.optional(v.string()), binary: v.optional(base64Data) };

const sendBody = v.strictObject({ ...dataEntries, app: v.optional(app) });
const publishBody = v.strictObject({ ...dataEntries, app: v.optional(app), group });
const closeBody: v.GenericSchema<unknown, CloseBody> = v.strictObject({
  code: v.optional(v.pipe(v.number(), v.integer("it is no close code")), 1000),
  reason: v.optional(v.string(), ""),
  app: v.optional(app),
});

/** The parameters of a URL. Throws `request-malformed`, as all of these do. */
export function readSearch(url: string): SearchQuery {
  return checked(searchQuery, parametersOf(url), "?");
}

export function readTail(url: string): TailQuery {
  const parameters = parametersOf(url);
  if ("connection" in parameters) return checked(tailOfConnection, parameters, "?");
  if ("group" in parameters) return checked(tailOfGroup, parameters, "?");
  throw malformed("?", "either connection or group is expected");
}

export function readId(text: string): string {
  return checked(id, text, "the id");
}

export function readSend(body: unknown): DataBody {
  const { app, ...data } = checked(sendBody, body, "body");
  return { app, data: dataOf(data) };
}

export function readPublish(body: unknown): DataBody & { readonly group: string } {
  const { app, group, ...data } = checked(publishBody, body, "body");
  return { app, group, data: dataOf(data) };
}

export function readClose(body: unknown): CloseBody {
  return checked(closeBody, body, "body");
}

function dataOf(data: {
  readonly text?: string | undefined;
  readonly binary?: Uint8Array | undefined;
}): string | Uint8Array {
  const { text, binary } = data;
  const given = text ?? binary;
  if (given === undefined || (text !== undefined && binary !== undefined)) {
    throw malformed("body", "either text or binary is expected");
  }
  return given;
}

/** A parameter that is empty says nothing: a form sends all of its fields. */
function parametersOf(url: string): Readonly<Record<string, string>> {
  const pairs = [...new URL(url).searchParams].filter(([, value]) => value !== "");
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw malformed(`?${twice.slice(0, 32)}`, "it is there twice");
  return Object.fromEntries(pairs);
}

function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  place: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) => String(key).slice(0, 32)).join(".");
  const dot = path === "" || place === "?" ? "" : ".";
  throw malformed(`${place}${dot}${path}`, faultOf(issue));
}

function malformed(place: string, fault: string): Refusal {
  return new Refusal("request-malformed", `${place}: ${fault}`);
}

function faultOf({ kind, expected, message }: v.BaseIssue<unknown>): string {
  if (kind !== "schema") return message;
  // What a strict object says of a key that it does not have.
  if (expected === "never") return "it is unknown";
  return `${expected ?? "something else"} is expected`;
}
