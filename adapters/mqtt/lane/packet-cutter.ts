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

/**
 * Cuts the bytes that a broker sends into plain PUBLISH packets at QoS 0 and everything else. A
 * plain one is not retained and has no properties. What is wrong with a packet is not decided
 * here: it goes to `others`, as it came.
 */
export class PacketCutter {
  readonly #out: CutPackets;
  readonly #plainStart: number;
  readonly #packetBytesMax: number;
  /** Pieces of a packet that has not come as a whole. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Bytes of that packet; 0 while its length is not known. */
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
    const chunk = this.#joined(bytes);
    if (chunk === undefined) return;
    const { length } = chunk;
    let at = Math.min(this.#passing, length);
    this.#passing -= at;
    let others = 0;
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
            this.#keep(chunk.subarray(at), end - at);
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
    if (at < length) this.#keep(chunk.subarray(at), 0);
  }

  /** The bytes with those that were kept; undefined while the kept packet is not whole. */
  #joined(bytes: Buffer): Buffer | undefined {
    if (this.#pieceBytes === 0) return bytes;
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes < this.#packetBytes) return undefined;
    const joined = Buffer.concat(this.#pieces, this.#pieceBytes);
    this.#pieces = [];
    this.#pieceBytes = 0;
    return joined;
  }

  #keep(piece: Buffer, packetBytes: number): void {
    this.#pieces.push(piece);
    this.#pieceBytes = piece.length;
    this.#packetBytes = packetBytes;
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
