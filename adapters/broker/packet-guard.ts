/**
 * Watches the sizes of MQTT packets in a stream of bytes, by their fixed headers (MQTT 3.1.1,
 * 2.2): whoever reads the packets would gather one of up to 256 MB before anybody could refuse it.
 */
export class PacketGuard {
  readonly #firstBytesMax: number;
  readonly #bytesMax: number;
  #first = true;
  /** Bytes of the packet under way that are still to come. */
  #rest = 0;
  /** Where in the fixed header the stream stands: 0 is before its first byte. */
  #headerBytes = 0;
  #length = 0;

  /** The first packet is a CONNECT, from somebody who has not logged in yet. */
  constructor(limits: { readonly firstBytesMax: number; readonly bytesMax: number }) {
    this.#firstBytesMax = limits.firstBytesMax;
    this.#bytesMax = limits.bytesMax;
  }

  /** False where a packet is longer than it may be, or its length is none. */
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
    // Four bytes at most: the fourth has no successor.
    if (byte >= 0x80) return index < 4;
    const bytesMax = this.#first ? this.#firstBytesMax : this.#bytesMax;
    this.#rest = this.#length;
    this.#headerBytes = 0;
    this.#first = false;
    return 1 + index + this.#length <= bytesMax;
  }
}
