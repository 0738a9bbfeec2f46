import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";
import type { HandshakeRefusal } from "../../core/ports/mod.ts";
import { headersTooLarge, refuse } from "../../core/websocket/mod.ts";
import { answerRequest, type ClientServerOptions } from "../server/mod.ts";
import { endWithin } from "./end-within.ts";
import { loggedAddress } from "./proxy-front.ts";
import { NodejsRequest } from "./request.ts";

/** Answers a request that is no upgrade. */
export async function answerPlain(
  options: ClientServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { handler } = options;
  await answerRequest(options, new NodejsRequest(request), (answer) => {
    if (answer.accepted) handler.abandon(answer, unasked.errorCode);
    const refusal = answer.accepted ? unasked : answer;
    const body = bodyOf(refusal);
    response.writeHead(refusal.statusCode, { ...refusal.headers, "content-length": body.length });
    response.end(body);
  });
}

/** Answers a CONNECT request, which `node:http` reports by an event of its own. */
export async function answerConnect(
  options: ClientServerOptions,
  request: IncomingMessage,
  stream: NetSocket,
): Promise<void> {
  const { handler } = options;
  await answerRequest(options, new NodejsRequest(request), (answer) => {
    if (answer.accepted) handler.abandon(answer, unasked.errorCode);
    if (!stream.destroyed) writeRefusal(stream, answer.accepted ? unasked : answer);
  });
}

/** The handler admitted a request that the runtime does not treat as an upgrade. */
const unasked = refuse(
  400,
  "handshake-upgrade",
  "the request must ask for an upgrade to websocket",
);

/** Writes an HTTP answer to a stream that `node:http` has handed over. */
export function writeRefusal(stream: NetSocket, refusal: HandshakeRefusal): void {
  const body = bodyOf(refusal);
  const status = `${refusal.statusCode} ${STATUS_CODES[refusal.statusCode] ?? "Refused"}`;
  const lines = [
    `HTTP/1.1 ${status}`,
    ...Object.entries(refusal.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    "connection: close",
  ];
  stream.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]));
  // The rest of the request is read: closing with unread bytes would send a reset, and the client
  // might not get the answer.
  stream.resume();
  endWithin(stream, limits.closeHandshakeMs);
}

function bodyOf({ body }: HandshakeRefusal): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

/** Ends a stream that brought no whole request in time. */
export function answerLate(stream: NetSocket, refused: ClientServerOptions["refused"]): void {
  const address = loggedAddress(stream);
  // No answer to a client that has sent nothing, or that was answered before.
  if (stream.bytesRead === 0 || stream.bytesWritten > 0 || !stream.writable) {
    stream.destroy();
  } else {
    writeRefusal(
      stream,
      refuse(408, "handshake-timeout", "the request did not arrive within handshake-timeout"),
    );
  }
  refused?.("handshake-timeout", address);
}

/** Answers bytes that are no HTTP request. */
export function answerFault(
  error: NodeJS.ErrnoException,
  stream: NetSocket,
  refused: ClientServerOptions["refused"],
): void {
  const address = loggedAddress(stream);
  if (!stream.writable || error.code === "ECONNRESET") {
    stream.destroy();
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    writeRefusal(stream, headersTooLarge);
    refused?.("handshake-headers", address);
  } else {
    writeRefusal(stream, refuse(400, "handshake-refused", "this is not an HTTP request"));
    refused?.("handshake-refused", address);
  }
}
