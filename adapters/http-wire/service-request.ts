import * as v from "valibot";
import { isMap } from "../../core/base/mod.ts";
import { fromBase64 } from "./base64.ts";
import { idOfBase64 } from "./base64-ids.ts";
import { type Command, sendCommand } from "./commands.ts";
import { checked, refusal } from "./refusal.ts";
import { sliceIds } from "./slices.ts";

const outgoingMessage = v.object({
  ConnectionIds: v.nullish(v.array(v.string())),
  Message: v.object({ Binary: v.nullish(v.string()), Text: v.nullish(v.string()) }),
});

interface Outgoing {
  readonly ConnectionIds?: readonly string[] | null | undefined;
  readonly Message: {
    readonly Binary?: string | null | undefined;
    readonly Text?: string | null | undefined;
  };
}

/**
 * The body of `POST /sr`, and of an answer with messages, as the original service has it. Ids and
 * binary data are standard base64 with padding.
 */
export const serviceRequestSchema: v.GenericSchema<
  unknown,
  { readonly OutgoingWebSocketMessages?: readonly Outgoing[] | null | undefined }
> = v.object({ OutgoingWebSocketMessages: v.nullish(v.array(outgoingMessage)) });

/** For an array that was looked through: the schema takes ten times as long. */
const lookedThrough = v.custom<string[]>(() => true);
const readMessageSchema = v.object({
  ...outgoingMessage.entries,
  ConnectionIds: v.nullish(
    v.lazy((given) => {
      const areTexts = Array.isArray(given) && given.every((one) => typeof one === "string");
      return areTexts ? lookedThrough : v.array(v.string());
    }),
  ),
});

/** A body whose messages are not looked at yet. */
const outlineSchema = v.object({ OutgoingWebSocketMessages: v.nullish(v.array(v.unknown())) });

/** One message to several connections. */
export interface ServiceMessage {
  readonly ids: readonly string[];
  readonly data: string | Uint8Array;
}

/**
 * The messages of a parsed body. As in Go, names are read whatever their case, an absent member is
 * a null one, and unknown members are ignored. Throws `command-malformed` or `id-malformed`.
 */
export function readServiceRequest(body: unknown): ServiceMessage[] {
  return [...eachMessage(body)].filter((message) => message !== undefined);
}

/** The same, one after another. Undefined: a message of many ids is read so far. */
export function* eachMessage(
  body: unknown,
): Generator<ServiceMessage | undefined, void, undefined> {
  if (!isMap(body)) throw refusal("body", "an object with OutgoingWebSocketMessages is expected");
  const named = canonical(body, bodyNames);
  const { OutgoingWebSocketMessages: messages } = checked(outlineSchema, named, "body");
  for (const [index, message] of (messages ?? []).entries()) {
    yield yield* readMessage(message, `body.OutgoingWebSocketMessages[${index}]`);
  }
}

/**
 * The messages in the answer of a back end that may say what it likes: none if it is no object
 * with that member. Throws as `readServiceRequest` does.
 */
export function readOutgoing(body: unknown): ServiceMessage[] {
  if (!isMap(body)) return [];
  const isNamed = Object.keys(body).some((key) => bodyNames.has(key.toLowerCase()));
  return isNamed ? readServiceRequest(body) : [];
}

/** The same messages as commands of the protocol. */
export function commandsOfRequest(messages: readonly ServiceMessage[]): Command[] {
  return messages.map(({ ids, data }) => sendCommand(ids, data));
}

function* readMessage(
  message: unknown,
  place: string,
): Generator<undefined, ServiceMessage, undefined> {
  const outer = canonical(message, outgoingNames);
  const named = isMap(outer)
    ? { ...outer, Message: canonical(outer.Message, messageNames) }
    : outer;
  const { ConnectionIds, Message } = checked(readMessageSchema, named, place);
  const ids: string[] = [];
  for (const text of ConnectionIds ?? []) {
    const id = idOfBase64(text);
    if (id === undefined) {
      const at = `${place}.ConnectionIds[${ids.length}]`;
      throw refusal(at, "it is no connection's id", "id-malformed");
    }
    ids.push(id);
    if (ids.length % sliceIds === 0) yield;
  }
  const { Binary, Text } = Message;
  const both = typeof Binary === "string" && typeof Text === "string";
  if (both || (Binary ?? Text ?? null) === null) {
    throw refusal(`${place}.Message`, "it must have Text or Binary, and not both");
  }
  if (typeof Text === "string") return { ids, data: Text };
  const data = fromBase64(Binary as string);
  if (data !== undefined) return { ids, data };
  throw refusal(`${place}.Message.Binary`, "it must be standard base64 with padding");
}

/** Names that are read, by themselves and in lower case. */
type Names = ReadonlyMap<string, string>;

function namesOf(...names: readonly string[]): Names {
  return new Map(
    names.flatMap(
      (name) =>
        [
          [name.toLowerCase(), name],
          [name, name],
        ] as const,
    ),
  );
}

const bodyNames = namesOf("OutgoingWebSocketMessages");
const outgoingNames = namesOf("ConnectionIds", "Message");
const messageNames = namesOf("Binary", "Text");

/** An object with its names as they are written above. Of two of one name the last counts. */
function canonical(value: unknown, names: Names): unknown {
  if (!isMap(value)) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const name = names.get(key) ?? names.get(key.toLowerCase());
    if (name !== undefined) result[name] = value[key];
  }
  return result;
}
