import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { BatchReader, type BatchSink } from "../../../../adapters/origin/receive/batch-reader.ts";

class Sink implements BatchSink {
  readonly heard: string[] = [];
  begin(_stream: string | undefined, first: number, items: number): number {
    this.heard.push(`begin ${first} ${items}`);
    return 0;
  }
  message(): void {
    this.heard.push("message");
  }
  item([verb]: readonly unknown[]): void {
    if (verb === "bad") throw new TypeError("a handler of items that throws");
    this.heard.push(String(verb));
  }
  refused(error: { code: string }): void {
    this.heard.push(error.code);
  }
}

test("one bad item does not cost the rest of its batch", () => {
  const sink = new Sink();
  new BatchReader(sink).read(encode([1, "s", 0, [["bad"], ["alive", []]]]));
  assert.deepEqual(sink.heard, ["begin 0 2", "batch-malformed", "alive"]);
});

test("a header that promises more items than bytes moves no stream", () => {
  const sink = new Sink();
  const header = [0x94, 0x01, 0xa1, 0x73, 0x00, 0xdd, 0xff, 0xff, 0xff, 0xff];
  new BatchReader(sink).read(Uint8Array.from(header));
  assert.deepEqual(sink.heard, ["batch-malformed"]);
});
