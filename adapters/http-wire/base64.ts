/** Bytes as standard base64 with padding (RFC 4648, 4), as Go writes a `[]byte`. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** With a length that fours divide. In fours it would be too much for V8 and JSC from 8 MB on. */
const form = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of standard base64 with padding; undefined if the text is anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = digitsOf(text);
  if (digits === undefined) return undefined;
  const bytes = Buffer.from(digits, "base64");
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
}

/** The same bytes as a string with one character for each. For a few bytes it is faster. */
export function fromShortBase64(text: string): string | undefined {
  const digits = digitsOf(text);
  return digits === undefined ? undefined : atob(digits);
}

/** Without line breaks, which Go ignores within base64. */
function digitsOf(text: string): string | undefined {
  const digits = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text;
  return digits.length % 4 === 0 && form.test(digits) ? digits : undefined;
}
