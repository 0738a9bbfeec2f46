import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { packId } from "../../../../../adapters/origin/base/connection-ids.ts";
import {
  CommandBatch,
  encodeCommand,
  withOldest,
} from "../../../../../adapters/origin/send/command-batch.ts";
import { binary, datas } from "../message-data.ts";

const id = "n1.AAAAabcdefghijklmnopqrstuv";

test("commands are written as any decoder reads them", () => {
  const batch = new CommandBatch(false);
  const written: unknown[] = [];
  const append = (command: readonly unknown[]): void => {
    batch.append(encodeCommand(command, false));
    written.push(command);
  };
  for (const data of datas) {
    batch.send(packId(id), data);
    written.push(["send", id, data]);
    append(["send", [id, "n1.b"], data]);
    append(["send", id, data, { ref: "ref-1" }]);
  }
  append(["close", id, 4_000, "bye ä"]);
  append(["close", [id, "n1.b"], 1_000, ""]);
  assert.equal(batch.items, written.length);
  const payload = withOldest(batch.takeNumbered("o1:inc:n1:0", 2 ** 33 + 1), 2 ** 33, false);
  assert.deepEqual(decode(payload), [1, "o1:inc:n1:0", 2 ** 33 + 1, written, 2 ** 33]);
  assert.equal(payload.byteLength, payload.buffer.byteLength, "an exact buffer");
  assert.deepEqual([batch.items, batch.bytes], [0, 0]);
  batch.send(packId(id), "again");
  assert.deepEqual(decode(batch.takeBare()), [["send", id, "again"]]);
});

test("half a character in a command becomes U+FFFD, because strict readers refuse it", () => {
  // RFC 3629, 3: UTF-8 has no surrogates.
  for (const half of ["\ud800", `${"a".repeat(200)}\udc00`]) {
    const whole = half.replace(/[\ud800-\udfff]/, "\ufffd");
    const command = ["publish", half, half, { ref: half, [half]: [half] }];
    const expected = ["publish", whole, whole, { ref: whole, [whole]: [whole] }];
    const bytes = encodeCommand(command, false);
    assert.ok(!bytes.includes(0xed), "a surrogate would be `ed a0` to `ed bf`");
    assert.deepEqual(decode(bytes), expected);
  }
});

test("commands in JSON", () => {
  const batch = new CommandBatch(true);
  const commands = [
    ["send", [id, "n1.b"], binary, { ref: "r" }],
    ["close", id, 1_000, ""],
  ];
  const written = [
    ["send", [id, "n1.b"], { $binary: "AAH+/w==" }, { ref: "r" }],
    ["close", id, 1_000, ""],
  ];
  const encoded = commands.map((command) => encodeCommand(command, true));
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
  for (const command of encoded) batch.append(command);
  assert.equal(batch.bytes, bytes);
  const numbered = withOldest(batch.takeNumbered("s", 3), 2, true);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(numbered)), [1, "s", 3, written, 2]);
  assert.equal(batch.items, 0);
  for (const command of encoded) batch.append(command);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(batch.takeBare())), written);
});
