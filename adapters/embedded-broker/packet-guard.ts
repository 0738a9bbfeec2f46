/**
 * Checks the sizes of the MQTT packets in a byte stream by their fixed headers (MQTT 3.1.1, 2.2).
 * The broker itself would collect a packet of up to 256 MB before it could refuse it.
 */
export class PacketGuard {
  readonly #firstBytesMax: number;
  readonly #bytesMax: number;
  #first = true;
  /** Bytes of the current packet that are still to come. */
  #rest = 0;
  /** Bytes of the current fixed header that have come. */
  #headerBytes = 0;
  #length = 0;

  /** `firstBytesMax` is for the first packet, the CONNECT of a client that is not logged in. */
  constructor(limits: { readonly firstBytesMax: number; readonly bytesMax: number }) {
    this.#firstBytesMax = limits.firstBytesMax;
    this.#bytesMax = limits.bytesMax;
  }

  /** False if a packet is too long or its length is malformed. */
  admits(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
      } else if (!this.#header(chunk[at++] as number)) {
        return false;
      }
    }
    return true;
  }

  #header(byte: number): boolean {
    const index = this.#headerBytes++;
    if (index === 0) {
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) << (7 * (index - 1));
    // The length has four bytes at most.
    if (byte >= 0x80) return index < 4;
    const bytesMax = this.#first ? this.#firstBytesMax : this.#bytesMax;
    this.#rest = this.#length;
    this.#headerBytes = 0;
    this.#first = false;
    return 1 + index + this.#length <= bytesMax;
  }
}
