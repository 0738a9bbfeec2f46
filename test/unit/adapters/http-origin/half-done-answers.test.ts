import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpRig, textOf } from "../../../support/http/http-rig.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";

test("a command that fits no packet of the broker is named, and the others go out", async () => {
  const rig = await HttpRig.start({ packetBytesMax: 5_000 });
  const socket = await rig.connect();
  const id = idOf(socket);
  await rig.receive(socket, "one", "two");
  await rig.next().answer(200, [
    ["send", id, "before"],
    ["send", id, "x".repeat(5_000)],
    ["send", id, "after"],
  ]);
  assert.deepEqual(textsOf(socket), ["before", "after"]);
  assert.equal(rig.errors("batch-too-big"), 1);
  const [line] = rig.logger.of("origin-reply-refused");
  assert.match(
    line?.message ?? "",
    /^command 1 of an answer: \d+ bytes do not fit into one packet$/,
  );
  assert.equal(textOf(rig.next()), "two");
});

test("a time too large for a number is as long as can be, and ends no answer", async () => {
  const rig = await HttpRig.start();
  const socket = await rig.connect();
  const id = JSON.stringify(idOf(socket));
  await rig.receive(socket, "one");
  const commands = [
    `["send", ${id}, "ttl", {"ttl": 1e400}]`,
    `["send", ${id}, "at", {"ttl": 5, "at": 1e400}]`,
    `["publish", "@all", "group", {"ttl": 1e400}]`,
    `["send", ${id}, "after"]`,
  ];
  await rig.next().answer(200, `[${commands.join(",")}]`, "application/json");
  assert.deepEqual(textsOf(socket), ["ttl", "at", "group", "after"]);
  assert.equal(rig.errors("command-malformed"), 0);
});

function textsOf({ delivered }: Awaited<ReturnType<HttpRig["connect"]>>): unknown[] {
  return delivered.map((one) => (one.type === "message" ? one.data : one.type));
}
