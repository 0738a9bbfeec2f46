import * as v from "valibot";
import { isMap } from "../../core/base/mod.ts";
import { fromBase64 } from "./base64.ts";
import { idOfBase64 } from "./base64-ids.ts";
import type { Command } from "./commands.ts";
import { checked, refusal } from "./refusal.ts";

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

/** One message to several connections. */
export interface OutgoingMessage {
  readonly ids: readonly string[];
  readonly data: string | Uint8Array;
}

/**
 * The messages of a parsed body. As in Go, names are read whatever their case, an absent member is
 * a null one, and unknown members are ignored. Throws `command-malformed` or `id-malformed`.
 */
export function readServiceRequest(body: unknown): OutgoingMessage[] {
  if (!isMap(body)) throw refusal("body", "an object with OutgoingWebSocketMessages is expected");
  const named = canonical(body, bodyMembers);
  const { OutgoingWebSocketMessages: messages } = checked(serviceRequestSchema, named, "body");
  return (messages ?? []).map((message, index) =>
    readMessage(message, `body.OutgoingWebSocketMessages[${index}]`),
  );
}

/** The same messages as commands of the protocol. */
export function commandsOfRequest(messages: readonly OutgoingMessage[]): Command[] {
  return messages.map(({ ids, data }) => ({
    verb: "send",
    item: ["send", ids, data],
    ids,
    data,
    options: {},
  }));
}

function readMessage({ ConnectionIds, Message }: Outgoing, place: string): OutgoingMessage {
  const ids = (ConnectionIds ?? []).map((text, index) => {
    const id = idOfBase64(text);
    if (id !== undefined) return id;
    throw refusal(`${place}.ConnectionIds[${index}]`, "it is no connection's id", true);
  });
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

/** The members of an object that are read, by their names as written and in lower case. */
type Members = ReadonlyMap<string, { readonly name: string; readonly inside: Members }>;

function membersOf(inside: Readonly<Record<string, Members>>): Members {
  const members = Object.entries(inside).map(([name, inner]) => ({ name, inside: inner }));
  const asWritten = members.map((member) => [member.name, member] as const);
  return new Map([
    ...members.map((member) => [member.name.toLowerCase(), member] as const),
    ...asWritten,
  ]);
}

const none: Members = new Map();
const message: Members = membersOf({ Binary: none, Text: none });
const bodyMembers: Members = membersOf({
  OutgoingWebSocketMessages: membersOf({ ConnectionIds: none, Message: message }),
});

/** The value with names as they are written above. Of two that differ in case the last counts. */
function canonical(value: unknown, known: Members): unknown {
  if (Array.isArray(value)) return value.map((element) => canonical(element, known));
  if (!isMap(value)) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = known.get(key) ?? known.get(key.toLowerCase());
    if (member !== undefined) result[member.name] = canonical(value[key], member.inside);
  }
  return result;
}
