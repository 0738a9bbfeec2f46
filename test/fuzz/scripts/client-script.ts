import type { Deflate } from "../../../core/ports/mod.ts";
import type { Dice } from "../../vectors/dice.ts";
import { clientFrame } from "../../vectors/frames.ts";
import { concat, utf8 } from "../../vectors/hex.ts";

export type Data = string | Uint8Array;

/** What one client is going to send. */
export interface ClientScript {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Frames, or what stands for one where the bytes are garbage. */
  readonly frames: number;
  /** The messages that the gateway takes; undefined where nobody knows, as of garbage. */
  readonly messages: readonly Data[] | undefined;
  /** It ends with a valid close frame, and nothing was wrong before. */
  readonly closes: boolean;
}

/** RFC 1951, 3.2.3: a block of the reserved type. */
const noDeflate = Uint8Array.of(0x07, 0x00, 0x00);

/** Each is a fault, and ends the connection. */
const wrongFrames: readonly Uint8Array[] = [
  clientFrame(0x83, utf8("an opcode that is none")),
  clientFrame(0x91, utf8("RSV3")),
  clientFrame(0x09, utf8("a ping in fragments")),
  clientFrame(0x89, new Uint8Array(126)),
  clientFrame(0x81, utf8("too many length bytes"), { lengthBytes: 2 }),
  clientFrame(0x82, utf8("far too many"), { lengthBytes: 8 }),
  clientFrame(0x82, utf8("negative"), { lengthBytes: 8, length: Number.MAX_SAFE_INTEGER }),
  clientFrame(0x80, utf8("nothing to go on with")),
  concat(clientFrame(0x01, utf8("not whole")), clientFrame(0x81, utf8("another"))),
  clientFrame(0x88, Uint8Array.of(3)),
  clientFrame(0x88, Uint8Array.of(3, 0xec)),
  clientFrame(0x88, Uint8Array.of(3, 0xe8, 0xff)),
  clientFrame(0x81, Uint8Array.of(0xed, 0xa0, 0x80)),
  clientFrame(0x82, new Uint8Array(4_001)),
  // RFC 6455, 5.1: a client masks.
  Uint8Array.of(0x81, 0x01, 0x41),
];

const closeCodes = [1_000, 1_001, 1_003, 1_007, 1_011, 1_014, 3_000, 4_999];

/** Makes clients' bytes: good ones, mutated ones, and what never was a frame. */
export class ClientScripts {
  readonly #dice: Dice;
  readonly #deflate: Deflate;
  /** Making texts is dear: what is said is picked from these. */
  readonly #texts: readonly { text: string; bytes: Uint8Array<ArrayBuffer> }[];
  readonly #binaries: readonly Uint8Array<ArrayBuffer>[];
  readonly #bomb: Uint8Array;
  #frames: Uint8Array[] = [];

  constructor(dice: Dice, deflate: Deflate) {
    this.#dice = dice;
    this.#deflate = deflate;
    this.#texts = Array.from({ length: 60 }, () => {
      const text = dice.text(dice.length());
      return { text, bytes: utf8(text) };
    });
    // Some are large, so that two of them unfinished are more than the parser may hold.
    this.#binaries = Array.from({ length: 30 }, (_, index) =>
      dice.bytes(index < 3 ? 2_900 : dice.length()),
    );
    this.#bomb = deflate.deflate(new Uint8Array(300_000));
  }

  next(deflated: boolean): ClientScript {
    const dice = this.#dice;
    const kind = dice.below(100);
    if (kind < 12) {
      const bytes = dice.bytes(1 + dice.below(200));
      return { bytes, frames: 1, messages: undefined, closes: false };
    }
    const script = this.#good(deflated);
    if (kind < 50) return script;
    return { ...script, bytes: dice.mutate(script.bytes), messages: undefined, closes: false };
  }

  #good(deflated: boolean): ClientScript {
    const dice = this.#dice;
    this.#frames = [];
    const messages: Data[] = [];
    let whole = true;
    for (let n = dice.below(12); n > 0; n--) {
      if (deflated && dice.chance(8)) {
        const text = dice.pick(this.#texts);
        // What does not inflate, or inflates too far, ends it: what follows is not taken.
        const bad = dice.chance(20);
        const data = bad ? dice.pick([this.#bomb, noDeflate]) : this.#deflate.deflate(text.bytes);
        this.#message(0x41, data);
        if (bad) whole = false;
        else if (whole) messages.push(text.text);
        continue;
      }
      if (dice.chance(3)) {
        this.#frames.push(dice.pick(wrongFrames));
        whole = false;
      }
      const text = dice.chance(60) ? dice.pick(this.#texts) : undefined;
      const data = text?.bytes ?? dice.pick(this.#binaries);
      this.#message(text === undefined ? 2 : 1, data);
      if (whole) messages.push(text?.text ?? data);
    }
    const closes = dice.chance(70);
    if (closes) this.#frames.push(clientFrame(0x88, this.#closing()));
    const frames = this.#frames.length;
    return { bytes: concat(...this.#frames), frames, messages, closes: closes && whole };
  }

  /** One message, whole or in fragments, with pings and pongs in between. */
  #message(first: number, data: Uint8Array): void {
    const dice = this.#dice;
    const fragments = dice.chance(75) ? 1 : 1 + dice.below(dice.chance(10) ? 4 : 3);
    const mask = dice.bytes(4);
    for (let part = 0; part < fragments; part++) {
      const from = Math.floor((data.length * part) / fragments);
      const to = Math.floor((data.length * (part + 1)) / fragments);
      const head = (part === 0 ? first : 0) | (part === fragments - 1 ? 0x80 : 0);
      this.#frames.push(clientFrame(head, data.subarray(from, to), { mask }));
      if (dice.chance(8)) {
        this.#frames.push(clientFrame(dice.pick([0x89, 0x8a]), dice.bytes(dice.below(126))));
      }
    }
  }

  #closing(): Uint8Array {
    const dice = this.#dice;
    if (dice.chance(20)) return new Uint8Array(0);
    const code = dice.pick(closeCodes);
    return concat(Uint8Array.of(code >> 8, code & 255), utf8(dice.pick(["", "bye", "€"])));
  }
}
