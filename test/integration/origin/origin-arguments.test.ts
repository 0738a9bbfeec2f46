import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Origin, reject } from "../../../adapters/origin/mod.ts";
import { OriginRig } from "../../support/origins/origin-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

let rig: OriginRig;
let origin: Origin;

before(async () => {
  rig = await OriginRig.start();
  origin = await rig.connect();
  await rig.living(origin, "n1");
});

after(() => rig.stop());

const malformed = { code: "command-malformed" };

/** Calls what returns or throws at once, or rejects. */
async function refuses(call: () => unknown, expected: object): Promise<void> {
  await assert.rejects(async () => call(), expected, String(call));
}

test("what is no message is refused in plain words, by whatever it would be sent", async () => {
  const connection = origin.connection("n1.a");
  for (const data of [{ text: "x" }, 5, null, undefined, ["x"], true] as never[]) {
    const calls = [
      () => connection.send(data),
      () => connection.send(data, { ttlMs: 5 }),
      () => connection.sendWithReply(data),
      () => origin.send("n1.a", data),
      () => origin.sendWithReply(["n1.a"], data),
      () => origin.group("g").publish(data),
      () => origin.group("g").publishWithReply(data),
      () => origin.everyone().publish(data),
      () => origin.user("u").send(data),
      () => origin.user("u").sendWithReply(data),
    ];
    for (const call of calls) {
      await refuses(call, { ...malformed, message: /string or a Uint8Array/ });
    }
  }
  assert.deepEqual([origin.queuedBytes, rig.gateway.commands.length], [0, 0]);
});

test("other views of bytes are sent as their bytes", async () => {
  const bytes = Uint8Array.from([9, 1, 2, 9]);
  const connection = origin.connection("n1.a");
  for (const data of [bytes.buffer.slice(1, 3), new DataView(bytes.buffer, 1, 2)] as never[]) {
    connection.send(data);
    const { item } = await rig.nextOf("send");
    assert.deepEqual([...(item[2] as Uint8Array)], [1, 2]);
    origin.group("g").publish(data);
    assert.deepEqual([...((await rig.nextOf("publish")).item[2] as Uint8Array)], [1, 2]);
  }
});

test("codes that no close frame may have are refused", async () => {
  const connection = origin.connection("n1.a");
  for (const code of [
    0,
    999,
    1004,
    1005,
    1006,
    1015,
    1500,
    2999,
    5000,
    1000.5,
    "1000",
  ] as never[]) {
    await refuses(() => connection.close(code), malformed);
    await refuses(() => origin.closeConnections("n1.a", code), malformed);
    await refuses(() => origin.user("u").close(code), malformed);
  }
  await refuses(() => connection.close(1000, 5 as never), malformed);
  for (const status of [200, 299, 304, 600, 401.5]) await refuses(() => reject(status), malformed);
  for (const code of [1000, 1001, 1013, 3000, 4999]) {
    connection.close(code);
    assert.equal((await rig.nextOf("close")).item[2], code);
  }
});

test("what names no connection is refused", async () => {
  const wrong = { code: "id-malformed" };
  for (const id of ["nonsense", "", 5, null, {}, { id: 5 }, undefined] as never[]) {
    if (id !== undefined) await refuses(() => origin.connections({ ids: id }), wrong);
    await refuses(() => origin.count({ ids: [id] }), wrong);
    await refuses(() => origin.send(id, "x"), wrong);
    await refuses(() => origin.send([id], "x"), wrong);
    await refuses(() => origin.group("g").publish("x", { except: [id] }), wrong);
  }
});

test("one thing is asked for at a time", async () => {
  for (const options of [
    { group: "g", user: "u" },
    { user: "u", ids: ["n1.a"] },
    { group: "g", ids: ["n1.a"] },
  ] as never[]) {
    await refuses(() => origin.connections(options), malformed);
    await refuses(() => origin.count(options), malformed);
  }
});

test("times that are none are refused", async () => {
  const connection = origin.connection("n1.a");
  for (const ms of [-1, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, "5", null] as never[]) {
    await refuses(() => connection.sendWithReply("x", { timeoutMs: ms }), malformed);
    await refuses(() => connection.join("g", { timeoutMs: ms }), malformed);
    await refuses(() => origin.count({ timeoutMs: ms }), malformed);
    await refuses(() => origin.group("g").publishWithReply("x", { timeoutMs: ms }), malformed);
  }
  for (const ttlMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5"] as never[]) {
    await refuses(() => connection.send("x", { ttlMs }), malformed);
    await refuses(() => origin.group("g").publish("x", { ttlMs }), malformed);
  }
});

test("an event that there is none of, and a handler that is none, are refused", async () => {
  await refuses(() => origin.on("mesage" as never, () => {}), TypeError);
  await refuses(() => origin.on("toString" as never, () => {}), TypeError);
  await refuses(() => origin.on("message", "x" as never), TypeError);
  await refuses(() => origin.authorize({} as never), TypeError);
  rig.gateway.events("n1", "i1", [["open", "n1.b", 0, {}]]);
  await waitFor(() => origin.knownConnections === 1, { what: "the connection" });
});

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("the option trace goes out with a command, alone and beside others", async () => {
  const connection = origin.connection("n1.a");
  connection.send("x", { trace });
  assert.deepEqual((await rig.nextOf("send")).item, ["send", "n1.a", "x", { trace }]);
  connection.send("x", { trace: undefined });
  assert.deepEqual((await rig.nextOf("send")).item, ["send", "n1.a", "x"]);
  origin.send(["n1.a", "n1.b"], "x", { trace, ttlMs: 60_000 });
  const [, ids, , options] = (await rig.nextOf("send")).item;
  assert.deepEqual(ids, ["n1.a", "n1.b"]);
  assert.deepEqual(Object.keys(options as object).sort(), ["at", "trace", "ttl"]);
  origin.group("g").publish("x", { trace });
  assert.deepEqual((await rig.nextOf("publish")).item, ["publish", "g", "x", { trace }]);
  origin.closeConnections("n1.a", 4000, "bye", { trace, cause: "error" });
  const { item } = await rig.nextOf("close");
  assert.deepEqual(item, ["close", "n1.a", 4000, "bye", { trace, cause: "error" }]);
});

test("a trace that is no traceparent is refused in plain words", async () => {
  for (const wrong of ["", "x", `${trace}-x`, trace.toUpperCase(), 7, null] as never[]) {
    const options = { trace: wrong };
    const calls = [
      () => origin.connection("n1.a").send("x", options),
      () => origin.send("n1.a", "x", options),
      () => origin.sendWithReply("n1.a", "x", options),
      () => origin.group("g").publish("x", options),
      () => origin.group("g").publishWithReply("x", options),
      () => origin.closeConnections("n1.a", 4000, "", options),
    ];
    for (const call of calls) await refuses(call, { ...malformed, message: /traceparent/ });
  }
});
