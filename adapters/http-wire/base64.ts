/** Bytes as standard base64 with padding (RFC 4648, 4), as Go writes a `[]byte`. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

const form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of standard base64 with padding; undefined where the text is anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = bufferOfBase64(text);
  if (bytes === undefined) return undefined;
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
}

/** The same bytes, not to be kept: other buffers may share their memory. */
export function bufferOfBase64(text: string): Buffer | undefined {
  // Go ignores line breaks within base64.
  const digits = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text;
  return form.test(digits) ? Buffer.from(digits, "base64") : undefined;
}
