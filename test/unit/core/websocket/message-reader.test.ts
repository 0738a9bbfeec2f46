import assert from "node:assert/strict";
import { test } from "node:test";
import { ParserStep } from "../../../../core/ports/mod.ts";
import {
  type FrameSource,
  MessageReader,
  type ReaderOptions,
} from "../../../../core/websocket/message-reader.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

const payload = new Uint8Array(10);

/** A reader to whom each chunk is a message that inflates as far as none may above the ratio. */
function rig(): { clock: ManualClock; read: () => string[] } {
  const clock = new ManualClock();
  const faults: string[] = [];
  const nothing = (): void => {};
  const options = {
    clock,
    handler: { inflated: nothing, batched: nothing, pong: nothing },
    frames: {
      feed: () => ParserStep.deflatedBinary,
      next: () => ParserStep.done,
      payload: () => payload,
      fedMessages: () => 0,
      fedBytes: () => 0,
    },
    events: { messageBytesMaxOf: () => 1_000_000 },
    deflate: { inflate: (_: Uint8Array, bytesMax: number) => new Uint8Array(bytesMax) },
    inflateRatioMax: 10,
    messageBytesMax: 1_000_000,
    batchBuffers: true,
  };
  const reader = new MessageReader(options as unknown as ReaderOptions);
  const source = {
    connection: { slot: 0 },
    isOpen: true,
    isEnded: false,
    inflatesUntil: 0,
    failed: (code: string) => void faults.push(code),
  } as unknown as FrameSource;
  const read = (): string[] => {
    reader.read(source, new Uint8Array(1));
    return faults.splice(0);
  };
  return { clock, read };
}

test("a client may inflate so much above the ratio in a second, and no more", () => {
  const { read } = rig();
  assert.deepEqual(read(), []);
  assert.deepEqual(read(), ["message-inflate-ratio"]);
  const apart = rig();
  assert.deepEqual(apart.read(), []);
  apart.clock.advance(1_000);
  assert.deepEqual(apart.read(), []);
});

test("a clock that is set on or back changes nothing of what a client may inflate", () => {
  const back = rig();
  assert.deepEqual(back.read(), []);
  back.clock.set(-3_600_000);
  back.clock.advance(1_000);
  assert.deepEqual(back.read(), []);
  const on = rig();
  assert.deepEqual(on.read(), []);
  on.clock.set(3_600_000);
  assert.deepEqual(on.read(), ["message-inflate-ratio"]);
});
