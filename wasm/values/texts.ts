// A byte order mark is part of the text. Invalid UTF-8 becomes U+FFFD.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of UTF-8 bytes. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A verb for the log, cut after 32 characters, which have 128 bytes at most. */
export function verbNameOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 128)).slice(0, 32);
}

/** A group's name, cut after 1,024 bytes, which is longer than any valid name. */
export function groupOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 1_024));
}

/** An id for the log and for forwarding, cut after 64 characters. */
export function idOf(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, 256)).slice(0, 64);
}
