import type { Codec, CodecOptions } from "../../core/ports/mod.ts";
import { PlainValues } from "../../wasm/values/mod.ts";
import { ReferenceCommands } from "./commands.ts";
import { ReferenceEvents } from "./events.ts";
import { ReferenceFrames } from "./frames.ts";
import { Ids } from "./ids.ts";
import { Slots } from "./slots.ts";

/**
 * The codec in plain TypeScript, byte for byte and step for step the equal of the WASM codec.
 * Tests compare the two; the program does not use it (decision record 2).
 */
export function createReferenceCodec(options: CodecOptions): Codec {
  const slots = new Slots(options);
  const values = new PlainValues();
  const events = new ReferenceEvents(slots, options);
  return {
    events,
    frames: new ReferenceFrames(slots, events, options),
    commands: new ReferenceCommands(new Ids(options.node, slots), values),
    values,
  };
}
