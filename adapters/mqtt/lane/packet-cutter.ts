import { Buffer } from "node:buffer";
import { publishQos0 } from "./publish-packet.ts";

/** What is cut out of a stream of MQTT packets, in the order of the stream. */
export interface CutPackets {
  /** The next packet goes to `others`, whatever it is. */
  readonly busy: boolean;
  /** A plain PUBLISH at QoS 0. `payload` is only valid during the call. */
  message(topic: string, payload: Uint8Array): void;
  /** A packet begins that goes to `others`. */
  begun(): void;
  /** Bytes of all other packets, whole packets or pieces of them. */
  others(bytes: Buffer): void;
}

export interface PacketCutterOptions {
  /** `4` is MQTT 3.1.1. */
  readonly version: 4 | 5;
  /** A larger packet goes to `others`. */
  readonly packetBytesMax: number;
}

/** Bytes of a length at most: MQTT 3.1.1, 2.2.3. */
const lengthBytesMax = 4;

/** Room for a message that comes in pieces: at first, and what is kept for the next one. */
const roomBytesMin = 16_384;
const roomBytesKept = 1_048_576;

/**
 * Cuts the bytes that a broker sends into plain PUBLISH packets at QoS 0 and everything else. A
 * plain one is not retained and has no properties. What is wrong with a packet is not decided
 * here: it goes to `others`, as it came.
 */
export class PacketCutter {
  readonly #out: CutPackets;
  readonly #plainStart: number;
  readonly #packetBytesMax: number;
  /**
   * Room for what has come of a message that is not whole. It is used again, so that a large
   * message costs one copy and no memory of its own.
   */
  #room: Buffer = Buffer.alloc(0);
  /** Bytes of that message, or of a packet's start that does not say how long the packet is. */
  #kept = 0;
  /** Bytes of the whole packet; 0 while its length is not known. */
  #packetBytes = 0;
  /** Bytes still to come of a packet that goes to `others`. */
  #passing = 0;
  /** The topic of the last message, as most messages of a connection have the same one. */
  #topicBytes: Buffer = Buffer.alloc(0);
  #topic = "";

  constructor(out: CutPackets, { version, packetBytesMax }: PacketCutterOptions) {
    this.#out = out;
    this.#plainStart = version === 5 ? 1 : 0;
    this.#packetBytesMax = packetBytesMax;
  }

  push(bytes: Buffer): void {
    if (this.#kept === 0) {
      this.#cut(bytes, 0);
    } else if (this.#packetBytes === 0) {
      const joined = Buffer.concat([this.#room.subarray(0, this.#kept), bytes]);
      this.#kept = 0;
      this.#cut(joined, 0);
    } else {
      const end = Math.min(this.#packetBytes - this.#kept, bytes.length);
      this.#keep(bytes, 0, end);
      if (this.#kept < this.#packetBytes) return;
      this.#complete();
      this.#cut(bytes, end);
    }
  }

  /** Cuts the bytes from `start` on. */
  #cut(chunk: Buffer, start: number): void {
    const { length } = chunk;
    let at = Math.min(start + this.#passing, length);
    this.#passing -= at - start;
    let others = start;
    while (at < length) {
      const body = bodyStart(chunk, at);
      if (body === 0) break;
      const end = body + bodyBytes(chunk, at + 1, body);
      if (chunk[at] === publishQos0 && end - at <= this.#packetBytesMax) {
        // What came before may be handled within the call.
        if (others < at) this.#out.others(chunk.subarray(others, at));
        others = at;
        if (!this.#out.busy) {
          if (end > length) {
            this.#packetBytes = end - at;
            this.#keep(chunk, at, length);
            return;
          }
          if (this.#message(chunk, body, end)) {
            at = others = end;
            continue;
          }
        }
      }
      this.#out.begun();
      this.#passing = Math.max(0, end - length);
      at = Math.min(end, length);
    }
    if (others < at) this.#out.others(chunk.subarray(others, at));
    if (at === length) return;
    this.#packetBytes = 0;
    this.#keep(chunk, at, length);
  }

  /** Adds bytes to what is kept. The room grows with what has come, not with what is announced. */
  #keep(chunk: Buffer, from: number, to: number): void {
    const kept = this.#kept + to - from;
    if (kept > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * kept, roomBytesMin));
      larger.set(this.#room.subarray(0, this.#kept));
      this.#room = larger;
    }
    this.#room.set(chunk.subarray(from, to), this.#kept);
    this.#kept = kept;
  }

  /** The message that came in pieces is whole. */
  #complete(): void {
    const packet = this.#room.subarray(0, this.#kept);
    this.#kept = 0;
    const isMessage =
      !this.#out.busy && this.#message(packet, bodyStart(packet, 0), packet.length);
    if (!isMessage) {
      this.#out.begun();
      // A copy: the room is used again.
      this.#out.others(Buffer.from(packet));
    }
    if (this.#room.length > roomBytesKept) this.#room = Buffer.alloc(0);
  }

  /** MQTT 3.1.1 and 5, 3.3. Returns false where the packet is not plain. */
  #message(chunk: Buffer, body: number, end: number): boolean {
    const topicStart = body + 2;
    if (topicStart > end) return false;
    const topicEnd = topicStart + chunk.readUInt16BE(body);
    const payload = topicEnd + this.#plainStart;
    if (topicEnd === topicStart || payload > end) return false;
    // MQTT 5, 3.3.2.3: properties, a topic alias among them.
    if (this.#plainStart > 0 && chunk[topicEnd] !== 0) return false;
    if (this.#topicBytes.compare(chunk, topicStart, topicEnd) !== 0) {
      // A copy, so that it does not keep the chunk in memory.
      this.#topicBytes = Buffer.from(chunk.subarray(topicStart, topicEnd));
      this.#topic = this.#topicBytes.toString();
    }
    this.#out.message(this.#topic, chunk.subarray(payload, end));
    return true;
  }
}

/** Where the body of the packet at `at` begins; 0 while its length has not come as a whole. */
function bodyStart(chunk: Buffer, at: number): number {
  const last = at + lengthBytesMax;
  for (let index = at + 1; index <= last; index++) {
    if (index >= chunk.length) return 0;
    if (chunk[index]! < 0x80) return index + 1;
  }
  return last + 1;
}

/** The length between these indices; endless where it is no length. */
function bodyBytes(chunk: Buffer, from: number, to: number): number {
  if (chunk[to - 1]! >= 0x80) return Number.POSITIVE_INFINITY;
  let length = 0;
  for (let index = to - 1; index >= from; index--) length = (length << 7) | (chunk[index]! & 0x7f);
  return length;
}
