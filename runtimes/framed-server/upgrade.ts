import * as crypto from "node:crypto";
import type { HandshakeAdmission, HandshakeRequest } from "../../core/ports/mod.ts";
import { acceptKeySuffix, answerDeflate, type FramedSockets } from "../../core/websocket/mod.ts";
import type { ClientStream } from "./client-stream.ts";

type HashOnce = (algorithm: string, text: string, encoding: "base64") => string;

/** Takes less than half the time of a hash object. The first versions of Node.js 20 lack it. */
const { hash = null } = crypto as { readonly hash?: HashOnce };

/** `Sec-WebSocket-Accept` for a key. */
export function acceptOf(key: string, hashOnce: HashOnce | null = hash): string {
  const text = `${key}${acceptKeySuffix}`;
  if (hashOnce !== null) return hashOnce("sha1", text, "base64");
  return crypto.createHash("sha1").update(text).digest("base64");
}

export interface Upgrade {
  readonly request: HandshakeRequest;
  readonly stream: ClientStream;
  /** What the client sent behind its handshake. */
  readonly early: Uint8Array;
  readonly admission: HandshakeAdmission;
}

/** Answers the handshake with 101 and makes the stream a WebSocket. */
export function upgrade(
  sockets: FramedSockets,
  { request, stream, early, admission }: Upgrade,
): void {
  const key = request.header("sec-websocket-key") ?? "";
  let answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n`;
  if (admission.subprotocol !== undefined) {
    answer += `Sec-WebSocket-Protocol: ${admission.subprotocol}\r\n`;
  }
  for (const [name, value] of Object.entries(admission.headers ?? {})) {
    answer += `${name}: ${value}\r\n`;
  }
  if (admission.deflate) {
    const offers = request.header("sec-websocket-extensions");
    answer += `Sec-WebSocket-Extensions: ${answerDeflate(offers)}\r\n`;
  }
  stream.write(Buffer.from(`${answer}\r\n`, "latin1"));
  stream.owner = sockets.start(stream, admission, early);
}
