import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import type { HandshakeAdmission } from "../../core/ports/mod.ts";
import { answerDeflate, type FramedSockets } from "../../core/websocket/mod.ts";
import { NodejsByteSocket } from "./byte-socket.ts";

/** RFC 6455, 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: NetSocket;
  readonly head: Uint8Array;
  readonly admission: HandshakeAdmission;
}

const noHeaders: IncomingMessage["headers"] = {};
const noLines: string[] = [];

/** On Bun the stream keeps its request for good, and with it the texts of all headers. */
function forgetHead(request: IncomingMessage): void {
  request.headers = noHeaders;
  request.rawHeaders = noLines;
}

/** Answers the handshake with 101 and makes the stream a WebSocket. */
export function upgrade(
  sockets: FramedSockets,
  { request, stream, head, admission }: Upgrade,
): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key.trim()}${KEY_SUFFIX}`).digest("base64");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  if (admission.subprotocol !== undefined) {
    lines.push(`Sec-WebSocket-Protocol: ${admission.subprotocol}`);
  }
  for (const [name, value] of Object.entries(admission.headers ?? {})) {
    lines.push(`${name}: ${value}`);
  }
  if (admission.deflate) {
    const offers = request.headers["sec-websocket-extensions"];
    lines.push(`Sec-WebSocket-Extensions: ${answerDeflate(offers)}`);
  }
  stream.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  forgetHead(request);
  const bytes = new NodejsByteSocket(stream);
  bytes.listen(sockets.start(bytes, admission, head));
}
