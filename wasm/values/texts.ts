// A BOM is part of the text; what is not UTF-8 shows as U+FFFD.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A verb for the log: at most 32 characters, which are 128 bytes at most. */
export function verbNameOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 128)).slice(0, 32);
}

/** A group's name: what is past 1,024 bytes is cut, and still longer than any name may be. */
export function groupOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 1_024));
}

/** An id for the log and for forwarding: at most 64 characters. */
export function idOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 256)).slice(0, 64);
}
