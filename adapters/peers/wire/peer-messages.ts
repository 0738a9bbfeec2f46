import { decode, encode } from "@msgpack/msgpack";
import * as v from "valibot";
import {
  appNamePattern,
  incarnationPattern,
  namePattern,
  parseJson,
} from "../../../core/base/mod.ts";
import { Refusal } from "../../http/mod.ts";
import { peerLimits } from "./peer-limits.ts";

/** A message as it goes from one node to another. */
export interface PeerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The receiver keeps it while the sender is reachable. */
  readonly retain: boolean;
}

/** What a request to `/v1/messages` holds. */
export interface PeerBatch {
  /** The apps whose events somebody subscribes at the sender. */
  readonly subscribedApps: readonly string[];
  readonly messages: readonly PeerMessage[];
}

const version = 1;

const batchSchema = v.tuple([
  v.literal(version),
  v.array(v.pipe(v.string(), v.regex(appNamePattern))),
  v.pipe(
    v.array(
      v.tuple([
        v.pipe(v.string(), v.maxLength(peerLimits.topicCharsMax)),
        v.instance(Uint8Array),
        v.picklist([0, 1]),
      ]),
    ),
    v.maxLength(peerLimits.requestMessagesMax),
  ),
]);

/** `[1, [app, …], [[topic, payload, 0 or 1], …]]` as MessagePack. */
export function encodeBatch({ subscribedApps, messages }: PeerBatch): Uint8Array<ArrayBuffer> {
  const written = messages.map(({ topic, payload, retain }) => [topic, payload, retain ? 1 : 0]);
  return encode([version, subscribedApps, written]);
}

/** Reads a body. Payloads are views of it. Throws a `Refusal`. */
export function decodeBatch(body: Uint8Array): PeerBatch {
  const result = v.safeParse(batchSchema, messagePackOf(body), { abortEarly: true });
  if (!result.success) {
    const path = result.issues[0].path?.map(({ key }) => `[${String(key)}]`).join("") ?? "";
    throw new Refusal("peer-malformed", `body${path}: ${result.issues[0].message}`);
  }
  const [, subscribedApps, messages] = result.output;
  return {
    subscribedApps,
    messages: messages.map(([topic, payload, retain]) => ({
      topic,
      payload,
      retain: retain === 1,
    })),
  };
}

function messagePackOf(body: Uint8Array): unknown {
  try {
    return decode(body);
  } catch {
    throw new Refusal("peer-malformed", "the body is not MessagePack");
  }
}

const identitySchema = v.object({
  node: v.pipe(v.string(), v.regex(namePattern)),
  incarnation: v.pipe(v.string(), v.regex(incarnationPattern)),
});

/** Who a peer is: its node's name, and the start of its process. */
export interface PeerIdentity {
  readonly node: string;
  readonly incarnation: string;
}

/** Reads the answer to a hello; undefined if it is none. */
export function parseIdentity(body: Uint8Array): PeerIdentity | undefined {
  const result = v.safeParse(identitySchema, parseJson(body));
  return result.success ? result.output : undefined;
}

/** Why a peer refused: `message` of an answer `{code, message}`. */
export function reasonOf(body: Uint8Array): string {
  const refusal = v.object({ code: v.string(), message: v.pipe(v.string(), v.maxLength(1_000)) });
  const result = v.safeParse(refusal, parseJson(body));
  return result.success ? `${result.output.code}: ${result.output.message}` : "without a reason";
}
