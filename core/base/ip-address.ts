/** The addresses that share their first `prefixBits` bits, such as `10.0.0.0/8` or `::1`. */
export interface AddressRange {
  /** 128 bits; an IPv4 address is mapped into `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
  readonly bits: bigint;
  readonly prefixBits: number;
}

const mapped = 0xffff_0000_0000n;

/** The 128 bits of an IPv4 or IPv6 address without port and zone; undefined for other text. */
export function parseAddress(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const four = parseFour(text);
    return four === undefined ? undefined : mapped | four;
  }
  // RFC 4291, 2.2: the last 32 bits may be written as an IPv4 address.
  const lastColon = text.lastIndexOf(":");
  const tail = text.slice(lastColon + 1);
  if (tail.includes(".")) {
    const four = parseFour(tail);
    if (four === undefined) return undefined;
    const groups = `${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
    return parseSix(text.slice(0, lastColon + 1) + groups);
  }
  return parseSix(text);
}

/** A range in CIDR notation, or a single address; undefined for other text. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = "", length, ...more] = text.split("/");
  const bits = parseAddress(address);
  if (bits === undefined || more.length > 0) return undefined;
  if (length === undefined) return { bits, prefixBits: 128 };
  const most = address.includes(":") ? 128 : 32;
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined;
  return { bits, prefixBits: Number(length) + 128 - most };
}

export function inRange(address: bigint, range: AddressRange): boolean {
  const shift = BigInt(128 - range.prefixBits);
  return address >> shift === range.bits >> shift;
}

/** Whether an address without port is in one of the ranges. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const bits = parseAddress(plainAddress(address));
  return bits !== undefined && ranges.some((range) => inRange(bits, range));
}

const loopback: readonly AddressRange[] = ["127.0.0.0/8", "::1"]
  .map(parseAddressRange)
  .filter((range) => range !== undefined);

/** Whether only programs on this machine have this address. */
export function isLoopbackAddress(address: string): boolean {
  return isInRanges(address, loopback);
}

/** Whether only programs on this machine can connect to a port on this host. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || isLoopbackAddress(host);
}

/** `::1` for `[::1]`, as a URL writes an IPv6 address. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

/** `192.0.2.1` for `::ffff:192.0.2.1`, as a dual-stack port reports an IPv4 client. */
export function plainAddress(text: string): string {
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(text)?.[1] ?? text;
}

/** The key of per-address limits: an IPv4 address, or the /64 prefix of an IPv6 address. */
export function addressGroup(text: string): string {
  if (!text.includes(":")) return text;
  const bits = parseAddress(text.split("%")[0] as string);
  if (bits === undefined) return text;
  return bits >> 32n === 0xffffn ? plainAddress(text) : `${(bits >> 64n).toString(16)}::/64`;
}

const dot = 0x2e;
const zero = 0x30;

/**
 * An IPv4 address as a signed integer of 32 bits, any other text as it is: `unpackAddress` makes
 * the same text of it. A string would take some 60 bytes, the number none but its field's.
 */
export function packAddress(text: string): number | string {
  let bits = 0;
  let part = 0;
  let digits = 0;
  let parts = 1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === dot && digits > 0) {
      bits = (bits << 8) | part;
      part = 0;
      digits = 0;
      parts++;
      continue;
    }
    const digit = code - zero;
    // A leading zero would be lost.
    if (digit < 0 || digit > 9 || (part === 0 && digits > 0)) return text;
    part = 10 * part + digit;
    digits++;
    if (part > 255) return text;
  }
  return parts === 4 && digits > 0 ? (bits << 8) | part : text;
}

/** The text of an address that `packAddress` has packed. */
export function unpackAddress(packed: number | string): string {
  if (typeof packed === "string") return packed;
  const part = (shift: number): number => (packed >>> shift) & 0xff;
  return `${part(24)}.${part(16)}.${part(8)}.${part(0)}`;
}

function parseFour(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let bits = 0n;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function parseSix(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half ? half.split(":") : []);
  const before = groups(halves[0]);
  const after = groups(halves[1]);
  const missing = 8 - before.length - after.length;
  // RFC 5952, 4.2.2: `::` should not stand for a single group, but it may.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let bits = 0n;
  for (const group of [...before, ...Array(missing).fill("0"), ...after]) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    bits = (bits << 16n) | BigInt(`0x${group}`);
  }
  return bits;
}
