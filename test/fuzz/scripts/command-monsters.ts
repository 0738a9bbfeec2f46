import { encode } from "@msgpack/msgpack";
import { fromHex, utf8 } from "../../vectors/hex.ts";

/** What asks for more than there is: stack, or memory. Each is one error. */
export const monsters: readonly Uint8Array<ArrayBuffer>[] = [
  utf8("[".repeat(500_000)),
  utf8("[".repeat(40) + "]".repeat(40)),
  utf8(`[${'{"a":'.repeat(300_000)}`),
  utf8(`[["send","x","${"\\u0000".repeat(90_000)}"`),
  utf8(`[1${"0".repeat(300_000)}]`),
  new Uint8Array(500_000).fill(0x91),
  new Uint8Array(500_000).fill(0x81),
  fromHex("ddffffffff"),
  fromHex("91 dfffffffff 00"),
  fromHex("92 c6fffffff0 0000"),
  fromHex("94 01 a173 cfffffffffffffffff 90"),
  encode([["send", "no id", new Uint8Array(3_000_000)]]),
];
