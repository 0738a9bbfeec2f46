import assert from "node:assert/strict";
import { test } from "node:test";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import { clientFrame } from "../vectors/frames.ts";
import { idOf } from "../vectors/ids.ts";
import { fuzz } from "./rig/fuzz-run.ts";
import { codecOptions } from "./rig/gateway-rig.ts";
import { heapLevel, wasmLevel } from "./rig/levels.ts";

/** As few as any of the fuzz tests has. */
const cases = 30_000;

test("a heap that grows by an object a case is found out, one that does not is not", async () => {
  const kept: unknown[] = [];
  const leak = (index: number): void => {
    kept.push({ index, text: `a few bytes, and ${index}`, more: [index, index] });
  };
  const run = fuzz(leak, { cases, levels: [heapLevel()] });
  await assert.rejects(run, /the JavaScript heap grew by \d+/);
  assert.equal(kept.length, cases);
  kept.length = 0;
  const drop = (index: number): void => {
    leak(index);
    if (kept.length > 100) kept.length = 0;
  };
  await fuzz(drop, { cases, levels: [heapLevel()] });
});

test("WASM memory of connections that are never let go is found out", async () => {
  const codec = createWasmCodec({ ...codecOptions, partialBytesMax: 1_000_000 });
  const half = clientFrame(0x01, new Uint8Array(10));
  const level = wasmLevel(codec);
  let next = 0;
  // One of ten is forgotten.
  const forget = (index: number): void => {
    codec.events.bind(next, idOf(codecOptions.node, next), -1);
    codec.frames.attach(next, false);
    codec.frames.feed(next, half);
    if (index % 10 === 0) next++;
    else codec.events.unbind(next);
  };
  await assert.rejects(fuzz(forget, { cases, levels: [level] }), /the WASM heap grew by \d+/);
});

test("a failure names seed and case, and what the case was", async () => {
  const shown = (): string => "81 00";
  const third = (index: number): void => assert.notEqual(index, 2, "of all numbers");
  await assert.rejects(fuzz(third, { cases: 9, shown }), /FUZZ_SEED=\d+, case 2: of all.*81 00/s);
});
