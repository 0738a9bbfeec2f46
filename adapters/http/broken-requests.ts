import { Buffer } from "node:buffer";
import {
  type IncomingMessage,
  METHODS,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "node:timers";
import { limits, plainAddress } from "../../core/base/mod.ts";
import { Refusal } from "./refusal.ts";

/** Told of a request that is refused before a handler gets it. */
export type Refused = (refusal: Refusal, address: string) => void;

/** Answers what the parser of the runtime refuses: by itself it would answer without a body. */
export function answerBroken(server: Server, refused: Refused): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Nobody reads an answer any more.
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else end(socket, faultOf(error), refused);
  });
  server.on("connect", (_request, socket) => {
    end(socket, notServed("CONNECT is not served"), refused);
  });
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    // RFC 9110, 10.1.1: no other expectation than 100-continue is defined.
    const message = "the Expect header must be 100-continue";
    const refusal = new Refusal("request-malformed", message, { status: 417 });
    refused(refusal, plainAddress(request.socket.remoteAddress ?? ""));
    const { headers, body } = written(refusal);
    response.writeHead(417, headers);
    response.end(body);
  });
}

/** What an HTTP server must refuse that has no `Host` header (RFC 9112, 3.2). */
export function checkHost({ httpVersion, headers }: IncomingMessage): void {
  if (httpVersion !== "1.1" || headers.host !== undefined) return;
  throw new Refusal("request-malformed", "the Host header is missing");
}

function notServed(message: string): Refusal {
  return new Refusal("request-method", message, { headers: { allow: "GET, POST, DELETE" } });
}

/** RFC 9110, 5.6.2, and RFC 9112, 3: the method in a request line. */
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) \S+ HTTP\/1\.\d\r?\n/;

/** Whether a request is well-formed but for a method that the runtime's parser does not know. */
function hasUnknownMethod(packet: Uint8Array | undefined): boolean {
  const start = Buffer.from(packet?.subarray(0, limits.handshakeHeaderBytesMax) ?? []);
  const [, method] = requestLine.exec(start.toString("latin1")) ?? [];
  return method !== undefined && !METHODS.includes(method);
}

/** The bytes that the parser stopped in. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Uint8Array };

function faultOf({ code, rawPacket }: ParserError): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Refusal("request-too-big", "the headers are too long", { status: 431 });
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new Refusal("request-timeout", "the request did not come in time");
  }
  if (hasUnknownMethod(rawPacket)) return notServed("the method is not served");
  return new Refusal("request-malformed", "the request is not HTTP/1.1");
}

function end(socket: Duplex, refusal: Refusal, refused: Refused): void {
  const { remoteAddress = "" } = socket as { readonly remoteAddress?: string };
  refused(refusal, plainAddress(remoteAddress));
  const { headers, body } = written(refusal);
  const lines = Object.entries({ ...headers, connection: "close" });
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ""}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  // With CONNECT the runtime has left the stream to us, and an error that nobody listens to would
  // end the process.
  socket.on("error", () => {});
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // What the client still sends is read, so that the answer is not lost by a reset.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), limits.requestLingerMs);
  cut.unref();
  socket.on("close", () => clearTimeout(cut));
}

function written({ code, message, headers }: Refusal): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const body = JSON.stringify({ code, message });
  const length = String(Buffer.byteLength(body));
  return {
    headers: { ...headers, "content-type": "application/json", "content-length": length },
    body,
  };
}
