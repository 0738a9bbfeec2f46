import { limits } from "../base/mod.ts";

/** What a proxy says about the client, in front of the first byte of HTTP. */
export interface ProxyHeader {
  /** Offset of the first byte of the client. */
  readonly end: number;
  /** The client's address; undefined for a health check of the proxy, or if it is unknown. */
  readonly address: string | undefined;
}

/** PROXY protocol, 2.2: the signature of version 2. */
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** 2.1: the longest line of version 1, including its end. */
const lineBytesMax = 107;
const word = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];

/**
 * Reads the header of HAProxy's PROXY protocol, version 1 or 2, at the start of a stream. `more`:
 * the header is not complete yet. `bad`: the stream does not start with a valid header.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | "more" | "bad" {
  if (startsLike(bytes, signature)) return bytes.length < 16 ? "more" : readBinary(bytes);
  if (startsLike(bytes, word)) return bytes.length < word.length ? "more" : readLine(bytes);
  return "bad";
}

/** Whether the bytes are a prefix of the beginning, or start with it. */
function startsLike(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, index) => index >= bytes.length || bytes[index] === byte);
}

function readLine(bytes: Uint8Array): ProxyHeader | "more" | "bad" {
  const feed = bytes.subarray(0, lineBytesMax).indexOf(0x0a);
  if (feed < 0) return bytes.length < lineBytesMax ? "more" : "bad";
  const line = String.fromCharCode(...bytes.subarray(0, feed));
  if (!line.endsWith("\r")) return "bad";
  const [, family, source] = line.slice(0, -1).split(" ");
  if (family === "UNKNOWN") return { end: feed + 1, address: undefined };
  const form =
    family === "TCP4" ? /^[\d.]{7,15}$/ : family === "TCP6" ? /^[\da-f:.]{2,39}$/i : /$^/;
  return source !== undefined && form.test(source) ? { end: feed + 1, address: source } : "bad";
}

function readBinary(bytes: Uint8Array): ProxyHeader | "more" | "bad" {
  const command = bytes[12] as number;
  const family = (bytes[13] as number) >> 4;
  const length = ((bytes[14] as number) << 8) | (bytes[15] as number);
  const end = 16 + length;
  if (command >> 4 !== 2 || (command & 15) > 1) return "bad";
  if (end > limits.proxyHeaderBytesMax) return "bad";
  if (bytes.length < end) return "more";
  // 2.2: LOCAL is a health check of the proxy. Other address families have no address for us.
  if ((command & 15) === 0) return { end, address: undefined };
  if (family === 1 && length >= 12) return { end, address: bytes.subarray(16, 20).join(".") };
  if (family === 2 && length >= 36) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + 16, 16);
    const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(at * 2).toString(16));
    return { end, address: groups.join(":") };
  }
  return family === 1 || family === 2 ? "bad" : { end, address: undefined };
}
