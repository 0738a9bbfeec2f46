import { createZlibDeflate } from "../../../runtimes/server/deflate.ts";
import { handshakeText } from "../../support/clients/raw-client.ts";
import type { Dice } from "../../vectors/dice.ts";
import { concat, utf8 } from "../../vectors/hex.ts";
import { ClientScripts } from "./client-script.ts";
import { HandshakeScripts, latin } from "./handshake-script.ts";

/** What goes over one TCP connection, chunk by chunk, and what is done then. */
export interface RawScript {
  readonly chunks: readonly Uint8Array[];
  /** `end`: FIN at once; `reset`: TCP's RST; `wait`: nothing until the server has acted. */
  readonly then: "end" | "reset" | "wait";
}

const requests: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
  "GET http://[::/ HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET /%ff%00?%zz#x HTTP/1.1\r\nHost: \u00ff\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
  `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`,
  `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(2_500)}\r\n`,
  "\r\n\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
];

/** Makes what a client may do to the client port before and after it is let in. */
export class RawScripts {
  readonly #dice: Dice;
  readonly #handshakes: HandshakeScripts;
  readonly #clients: ClientScripts;
  /** Whether an unfinished request ends by itself on this server. */
  readonly #timeout: boolean;

  constructor(dice: Dice, timeout: boolean) {
    this.#dice = dice;
    this.#handshakes = new HandshakeScripts(dice);
    this.#clients = new ClientScripts(dice, createZlibDeflate());
    this.#timeout = timeout;
  }

  next(): RawScript {
    const dice = this.#dice;
    const end = dice.below(100);
    const then = end < 6 && this.#timeout ? "wait" : end < 14 ? "reset" : "end";
    // One byte in a chunk takes long over a real network stack, even a local one.
    const chunks = dice.chunks(this.#bytes());
    return { chunks: chunks.length > 50 ? [concat(...chunks)] : chunks, then };
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const dice = this.#dice;
    const kind = dice.below(100);
    if (kind < 10) return dice.bytes(1 + dice.below(300));
    if (kind < 30) return this.#maybeSpoilt(bytesOf(dice.pick(requests)));
    if (kind < 60) {
      const { method, path, query, lines } = this.#handshakes.next();
      const head = `${method} ${path}${query && `?${query}`} HTTP/1.1\r\nhost: x\r\n`;
      const text = head + lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      return this.#maybeSpoilt(bytesOf(`${text}\r\n`));
    }
    const deflate = dice.chance(30);
    const headers = deflate ? { "Sec-WebSocket-Extensions": "permessage-deflate" } : {};
    const handshake = utf8(handshakeText({ headers }));
    const whole = concat(handshake, this.#clients.next(deflate).bytes);
    return kind < 70 ? dice.mutate(whole) : whole;
  }

  #maybeSpoilt(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return this.#dice.chance(50) ? this.#dice.mutate(bytes) : bytes;
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 255);
}

/** Bytes as a JavaScript string, to be looked at. */
export function shownBytes(chunks: readonly Uint8Array[]): string {
  return JSON.stringify(latin(concat(...chunks).subarray(0, 600)));
}
