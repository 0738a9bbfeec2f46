const encoder = new TextEncoder();

/** Whether a text is longer than `bytesMax` as UTF-8. It is encoded only where it may be. */
export function utf8Exceeds(text: string, bytesMax: number): boolean {
  // A UTF-16 unit is one to three bytes of UTF-8.
  if (3 * text.length <= bytesMax) return false;
  return text.length > bytesMax || encoder.encode(text).length > bytesMax;
}
