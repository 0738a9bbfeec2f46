import { assert, limits } from "../../core/base/mod.ts";
import type { Codec, CodecOptions } from "../../core/ports/mod.ts";
import { PlainValues } from "../values/mod.ts";
import { WasmCommands } from "./commands.ts";
import { idChars, strHead, WasmEvents } from "./events.ts";
import { WasmFrames } from "./frames.ts";
import { areaBytes, Instance } from "./instance.ts";

export interface WasmCodec extends Codec {
  /** Bytes of the instance's heap, in use or free. It does not shrink. */
  heapBytes(): number;
}

/** Makes a codec over a new WASM instance with a memory of its own. Needs WASM with SIMD. */
export function createWasmCodec(
  options: CodecOptions,
  instance: Instance = new Instance(),
): WasmCodec {
  initialise(instance, options);
  const values = new PlainValues();
  const frames = new WasmFrames(instance);
  return {
    events: new WasmEvents(instance, frames, options),
    frames,
    commands: new WasmCommands(instance, values),
    values,
    heapBytes: () => instance.exports.heapBytes(),
  };
}

function initialise(instance: Instance, options: CodecOptions): void {
  const encoder = new TextEncoder();
  const node = encoder.encode(`${options.node}.`);
  assert(node.length <= 33, "the node's name is short");
  // The start of every message item: an array of four, the verb, and the id up to its dot.
  const head = strHead(node.length + idChars);
  const prefix = Uint8Array.of(0x94, 0xa7, ...encoder.encode("message"), ...head, ...node);
  const { exports } = instance;
  instance.bytes().set(prefix, exports.itemPrefix());
  exports.init(
    prefix.length,
    node.length,
    options.messageBytesMax,
    options.batchBytesTarget,
    options.partialBytesMax,
    areaBytes,
    options.fragmentsMax ?? limits.fragmentsMax,
  );
}
