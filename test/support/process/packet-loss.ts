import type { Dice } from "../../vectors/dice.ts";

/** The first byte of a PUBLISH at QoS 0, without its RETAIN flag: MQTT 3.1.1, 3.3.1. */
const publishQos0 = 0x30;

/** Bytes of the packet that begins here; undefined where its length is not whole yet. */
function packetBytes(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at <= 4 && at < bytes.length; at++) {
    const byte = bytes[at]!;
    length += (byte & 0x7f) << (7 * (at - 1));
    if (byte < 0x80) return 1 + at + length;
  }
  return undefined;
}

/** Loses packets on MQTT connections: PUBLISH at QoS 0 alone, which a broker may lose as well. */
export class PacketLoss {
  /** So many of 100 such packets are lost. */
  percent = 0;
  lost = 0;
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** For one direction of one connection, from its beginning on. */
  readonly filter = (): ((bytes: Buffer) => Buffer) => {
    let rest = Buffer.alloc(0);
    return (bytes) => {
      let left: Buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const kept: Buffer[] = [];
      for (;;) {
        const length = packetBytes(left);
        if (length === undefined || length > left.length) break;
        if (this.#keeps(left[0]!)) kept.push(left.subarray(0, length));
        left = left.subarray(length);
      }
      rest = Buffer.from(left);
      return Buffer.concat(kept);
    };
  };

  #keeps(head: number): boolean {
    if ((head & 0xf6) !== publishQos0 || !this.#dice.chance(this.percent)) return true;
    this.lost++;
    return false;
  }
}
