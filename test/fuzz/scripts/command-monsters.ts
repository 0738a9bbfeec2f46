import { encode } from "@msgpack/msgpack";
import { utf8 } from "../../vectors/hex.ts";

/** What asks for more than there is: stack, or memory. Each is one error. */
export const monsters: readonly Uint8Array<ArrayBuffer>[] = [
  utf8("[".repeat(500_000)),
  utf8("[".repeat(40) + "]".repeat(40)),
  utf8(`[${'{"a":'.repeat(300_000)}`),
  utf8(`[["send","x","${"\\u0000".repeat(90_000)}"`),
  utf8(`[1${"0".repeat(300_000)}]`),
  new Uint8Array(500_000).fill(0x91),
  new Uint8Array(500_000).fill(0x81),
  Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x91, 0xdf, 0xff, 0xff, 0xff, 0xff, 0x00),
  Uint8Array.of(0x92, 0xc6, 0xff, 0xff, 0xff, 0xf0, 0x00, 0x00),
  Uint8Array.of(
    0x94,
    0x01,
    0xa1,
    0x73,
    0xcf,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0x90,
  ),
  encode([["send", "no id", new Uint8Array(3_000_000)]]),
];
