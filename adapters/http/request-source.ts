import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { clearTimeout, setTimeout } from "node:timers";
import { limits, plainAddress, ServiceError } from "../../core/base/mod.ts";
import { Refusal } from "./refusal.ts";

/** What a handler may ask of a request besides what is in `Request`. */
export interface RequestSource {
  /** The address of the TCP stream's other end. */
  readonly address: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Names and values of the headers in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** Bytes of the body as the headers tell them; undefined if they do not. */
  readonly length: number | undefined;
  /**
   * Reads the body, once. Rejects with `request-too-big`, with `request-media-type` if it is
   * compressed, or with `request-timeout` if it does not come within `limits.requestBodyMs` or
   * breaks off. `reserve` is called with the bytes of each part before it is kept; what it throws
   * ends the reading.
   */
  body(bytesMax: number, reserve?: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>>;
}

export function sourceOf(incoming: IncomingMessage): RequestSource {
  const { "content-length": length, "transfer-encoding": encoding } = incoming.headers;
  const coding = incoming.headers["content-encoding"]?.trim().toLowerCase() || "identity";
  const hasNone = length === undefined && encoding === undefined;
  return {
    address: plainAddress(incoming.socket.remoteAddress ?? ""),
    target: incoming.url ?? "/",
    rawHeaders: incoming.rawHeaders,
    length: hasNone ? 0 : length === undefined ? undefined : Number(length),
    body: async (bytesMax, reserve = () => {}) => {
      if (coding !== "identity" && !hasNone) throw codedBody();
      return await readBody(incoming, bytesMax, reserve);
    },
  };
}

/** RFC 9110, 15.5.16. Taken as it is, a compressed body would go to clients as it is. */
function codedBody(): Refusal {
  return new Refusal("request-media-type", "a body must come without Content-Encoding", {
    headers: { "accept-encoding": "identity" },
  });
}

function readBody(
  incoming: IncomingMessage,
  bytesMax: number,
  reserve: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
    };
    const fail = (error: ServiceError): void => {
      end();
      reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        fail(new ServiceError("request-too-big", `the body may have ${bytesMax} bytes`));
        return;
      }
      try {
        reserve(chunk.byteLength);
        chunks.push(chunk);
      } catch (error) {
        fail(error as ServiceError);
      }
    };
    const onEnd = (): void => {
      end();
      const body = new Uint8Array(bytes);
      body.set(Buffer.concat(chunks, bytes));
      resolve(body);
    };
    const onBroken = (): void => fail(new ServiceError("request-timeout", "the body broke off"));
    const late = (): void =>
      fail(new ServiceError("request-timeout", "the body did not come in time"));
    const timer = setTimeout(late, limits.requestBodyMs);
    incoming.on("data", onData).on("end", onEnd).on("error", onBroken).on("close", onBroken);
  });
}
