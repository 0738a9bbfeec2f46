const encoder = new TextEncoder();

/** Whether a message of the runtime's own server is longer than `bytesMax`, as UTF-8. */
export function exceeds(data: string | ArrayBufferLike | Uint8Array, bytesMax: number): boolean {
  if (typeof data !== "string") return data.byteLength > bytesMax;
  // A UTF-16 unit is one to three bytes of UTF-8, so most texts need no look.
  if (data.length * 3 <= bytesMax) return false;
  return data.length > bytesMax || encoder.encode(data).length > bytesMax;
}
