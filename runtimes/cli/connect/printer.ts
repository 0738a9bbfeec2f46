import type { ClientEnd } from "../../../adapters/websocket-client/mod.ts";
import { visible } from "../command/mod.ts";

/** Shows what happens on a connection. */
export interface Printer {
  opened(subprotocol: string): void;
  text(text: string): void;
  binary(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  closed(end: ClientEnd): void;
}

/** Where lines go: messages are the output, the rest is about it. */
export interface Lines {
  readonly message: (line: string) => void;
  readonly note: (line: string) => void;
}

/** One JSON object a line, for programs. */
export function jsonPrinter({ message }: Lines): Printer {
  const print = (event: string, fields: object): void =>
    message(JSON.stringify({ event, ...fields }));
  return {
    opened: (subprotocol) => print("open", { subprotocol }),
    text: (data) => print("text", { data }),
    binary: (bytes) => print("binary", { hex: toHex(bytes) }),
    ping: (payload) => print("ping", { hex: toHex(payload) }),
    pong: (payload) => print("pong", { hex: toHex(payload) }),
    closed: ({ code, reason, byUs }) => print("close", { code, reason, byUs }),
  };
}

/**
 * Messages as they are, one a line; binary ones in hexadecimal digits. `marked`: for a terminal,
 * where each has a mark and control characters are shown, because they could steer it.
 */
export function plainPrinter({ message, note }: Lines, marked: boolean): Printer {
  const mark = marked ? "< " : "";
  const shown = marked ? visible : (text: string): string => text;
  const withPayload = (name: string, payload: Uint8Array): string =>
    payload.length === 0 ? name : `${name} ${toHex(payload)}`;
  return {
    opened: (subprotocol) =>
      note(subprotocol === "" ? "connected" : `connected, subprotocol ${visible(subprotocol)}`),
    text: (text) => message(mark + shown(text)),
    binary: (bytes) => message(`${mark}${marked ? "binary " : ""}${toHex(bytes)}`),
    ping: (payload) => note(withPayload("ping", payload)),
    pong: (payload) => note(withPayload("pong", payload)),
    closed: ({ code, reason, byUs }) => {
      const by = byUs ? "closed" : code === 1006 ? "connection lost" : "closed by the server";
      note(`${by}: ${code} ${visible(reason)}`.trimEnd());
    },
  };
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The bytes of hexadecimal digits, with blanks between or not; undefined where it is none. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s/g, "");
  const isHex = digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits);
  return isHex ? Buffer.from(digits, "hex") : undefined;
}
