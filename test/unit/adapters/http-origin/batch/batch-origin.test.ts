import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../../core/base/mod.ts";
import {
  BatchRig,
  batchIds,
  message,
  openRig,
  batchStream as stream,
  toldRig,
} from "../../../../support/http/batch-rig.ts";

const [a, b] = batchIds;
const other = "m.cccccccccccccccccccccccccc";
const open = (id: string): unknown[] => ["open", id, 0, { path: "/" }];
const lost = new ServiceError("http-status", "a failure");

test("it is announced with the format and the window", async () => {
  const { rig } = await openRig({ window: 77 });
  const presence = JSON.parse(rig.presences.at(-1) ?? "");
  assert.equal(presence.format, "json");
  assert.equal(presence.window, 77);
  await rig.origin.stop();
  assert.equal(rig.presences.at(-1), "", "it has left");
});

test("a batch is posted as it came, and a success confirms all of it", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, open(a), message(a, 1, 'he"]llo'));
  const request = rig.next();
  assert.equal(request.url, "http://origin.test/events");
  assert.equal(request.headers["content-type"], "application/json");
  assert.equal(
    request.body,
    `[1,"${stream}",0,[["open","${a}",0,{"path":"/"}],["message","${a}",1,"he\\"]llo"]]]`,
  );
  assert.deepEqual(await node.acks(), [], "nothing is confirmed before the answer");
  await request.answer(204);
  assert.deepEqual(await node.acks(), [["ack", stream, 2]]);
});

test("one request of a node at a time: what comes meanwhile goes together", async () => {
  const { rig, node } = await toldRig({ itemsMax: 3 });
  await node.events(stream, 1, message(a, 2), message(b, 1));
  await node.events(stream, 3, message(b, 2));
  await node.events(stream, 4, message(b, 3), message(b, 4));
  assert.equal(rig.requests.length, 1);
  await rig.next().answer(200);
  assert.deepEqual(rig.bodies, [[1, stream, 1, [message(a, 2), message(b, 1), message(b, 2)]]]);
  await rig.next().answer(200);
  assert.deepEqual(rig.bodies, [[1, stream, 4, [message(b, 3), message(b, 4)]]]);
  await rig.next().answer(200);
  assert.equal(rig.requests.length, 0);
  assert.deepEqual(await node.acks(), [["ack", stream, 6]]);
});

test("a batch with more items than a request may have is divided", async () => {
  const { rig, node } = await openRig({ itemsMax: 2 });
  await node.events(stream, 0, ...[1, 2, 3, 4, 5].map((seq) => message(a, seq, "x,]\\")));
  for (const seqs of [[1, 2], [3, 4], [5]]) {
    assert.deepEqual(rig.bodies, [
      [1, stream, seqs[0]! - 1, seqs.map((seq) => message(a, seq, "x,]\\"))],
    ]);
    await rig.next().answer(200);
  }
  assert.deepEqual(await node.acks(), [["ack", stream, 5]]);
});

test("a request has about 1 MiB, and a larger message goes alone", async () => {
  const { rig, node } = await openRig();
  const sizes = [1, 400_000, 400_000, 400_000, 2_000_000, 1];
  for (const [index, size] of sizes.entries()) {
    await node.events(stream, index, message(a, index + 1, "x".repeat(size)));
  }
  const counts: number[] = [];
  while (rig.requests.length > 0) {
    counts.push((rig.bodies[0] as unknown[][])[3]!.length);
    await rig.next().answer(200);
  }
  assert.deepEqual(counts, [1, 2, 1, 1, 1]);
});

test("a request that is sent again has the same name", async () => {
  const { rig, node } = await openRig({ secret: "s" });
  await node.events(stream, 0, message(a, 1), message(a, 2));
  const names = new Set<string | undefined>();
  for (const status of [500, 503, 200]) {
    const request = rig.next();
    names.add(request.headers["webhook-id"]);
    await request.answer(status);
    if (status !== 200) await rig.advance(1_000);
  }
  assert.deepEqual([...names], [`${stream}:0-2`]);
});

test("nodes do not wait for one another", async () => {
  const { rig, node } = await openRig();
  const second = await rig.node("m");
  await node.events(stream, 0, message(a, 1));
  await second.events("m:i1:h:1", 0, message(other, 1));
  assert.equal(rig.requests.length, 2);
});

test("an answer may confirm less: the rest is posted again", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, message(a, 1), message(a, 2), message(a, 3));
  const request = rig.next();
  await node.events(stream, 3, message(a, 4));
  await request.answer(200, [
    ["ack", "another", 0],
    ["ack", stream, 1],
    ["ack", "another", 3],
  ]);
  assert.deepEqual(rig.bodies, [[1, stream, 1, [2, 3, 4].map((seq) => message(a, seq))]]);
  assert.deepEqual(await node.acks(), [["ack", stream, 1]]);
  await rig.next().answer(200, [["ack", stream, 99]]);
  assert.deepEqual(await node.acks(), [["ack", stream, 4]], "no more than was sent");
});

test("an answer that confirms nothing is a failure", async () => {
  const { rig } = await toldRig();
  await rig.next().answer(200, [["ack", stream, 0]]);
  assert.equal(rig.requests.length, 0, "it waits");
  await rig.advance(200);
  assert.equal(rig.requests.length, 1);
  assert.deepEqual(rig.errors, ["http-status"]);
});

test("an ack without a number confirms nothing, and is counted", async () => {
  const { rig, node } = await toldRig();
  for (const count of ["1", null, 0.5, undefined]) {
    await rig.next().answer(200, [["send", a, "never"], ["ack", stream, count].slice(0, 3)]);
    assert.deepEqual(node.commands(), []);
    await rig.advance(5_000);
  }
  assert.deepEqual(await node.acks(), []);
  assert.deepEqual([...new Set(rig.errors)], ["batch-malformed", "http-status"]);
  await rig.next().answer(200, [["ack", stream, 1]]);
  assert.deepEqual(await node.acks(), [["ack", stream, 1]]);
});

test("a request that fails is sent again, later each time, with what came meanwhile", async () => {
  const { rig, node } = await toldRig();
  const ids = [rig.requests[0]?.headers["webhook-id"]];
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    if (attempt % 2 === 0) await rig.next().fail(lost);
    else await rig.next().answer(503);
    let waited = 0;
    while (rig.requests.length === 0) {
      await rig.advance(50);
      waited += 50;
    }
    waits.push(waited);
  }
  for (const [index, wait] of waits.entries()) {
    const most = 100 * 2 ** index;
    assert.ok(wait >= most / 2 && wait <= most + 50, `${index}: ${wait} ms`);
  }
  await node.events(stream, 1, message(a, 2));
  await rig.next().fail(lost);
  await rig.advance(5_000);
  assert.deepEqual(rig.bodies, [[1, stream, 0, [message(a, 1), message(a, 2)]]]);
  await rig.next().answer(200);
  assert.deepEqual(await node.acks(), [["ack", stream, 2]]);
  assert.deepEqual(ids, [undefined], "requests are signed only with a secret");
});

test("another URL takes over at once, and the first one is left alone for a while", async () => {
  const rig = new BatchRig({}, ["http://one.test/", "http://two.test/"]);
  await rig.start();
  const node = await rig.node("n");
  const urls: string[] = [];
  await node.events(stream, 0, message(a, 1));
  for (const status of [503, 200, 200]) {
    const request = rig.next();
    urls.push(request.url);
    await request.answer(status);
    if (status === 200) await node.events(stream, urls.length - 1, message(a, urls.length));
  }
  assert.deepEqual(urls, ["http://one.test/", "http://two.test/", "http://two.test/"]);
  assert.deepEqual(rig.errors, [], "no event waited");
  await rig.next().fail(lost);
  assert.equal(rig.next().url, "http://one.test/");
});

test("an origin that fails for too long leaves, asks, and comes back as another", async () => {
  const { rig, node } = await toldRig({ retryMs: 2_000 });
  const began = rig.clock.now();
  while (rig.presences.at(-1) !== "") {
    if (rig.requests.length > 0) await rig.next().answer(500);
    await rig.advance(50);
  }
  const took = rig.clock.now() - began;
  assert.ok(took >= 2_000 && took < 2_300, `${took} ms`);
  assert.equal(rig.logger.of("origin-unreachable").length, 1);
  assert.equal(JSON.parse(rig.presences.at(-2) ?? "{}").leaving, true, "nodes need not wait");
  await node.events(stream, 1, message(a, 2));
  assert.deepEqual(await node.acks(), [], "nothing of it is confirmed");

  await rig.advance(1_000);
  assert.equal(rig.next().body, "[]");
  assert.equal(rig.requests.length, 0, "one question at a time");
  await rig.advance(5_000);
  assert.equal(rig.requests.length, 0, "until it is answered");
  rig.requests.length = 0;
});

test("when it is reached again it is announced anew, and the new stream is served", async () => {
  const { rig, node } = await toldRig({ retryMs: 0 });
  await rig.next().fail(lost);
  assert.equal(rig.presences.at(-1), "", "without retries it leaves at once");
  await rig.advance(600);
  await rig.next().fail(lost);
  await rig.advance(1_100);
  await rig.next().answer(200);
  await rig.advance(200);
  const presence = JSON.parse(rig.presences.at(-1) ?? "{}");
  assert.equal(presence.leaving, undefined);
  assert.equal(rig.logger.of("origin-reachable").length, 1);
  await node.events("n:i1:h:2", 0, ["assigned", a, 1, {}], message(a, 1));
  await rig.next().answer(200);
  assert.deepEqual(await node.acks(), [["ack", "n:i1:h:2", 2]]);
});

test("repeats are dropped, and a gap is told", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, message(a, 1), message(a, 2));
  await rig.next().answer(200);
  await node.acks();
  await node.events(stream, 0, message(a, 1), message(a, 2));
  assert.deepEqual(await node.acks(), [["ack", stream, 2, 2]]);
  await node.events(stream, 4, message(a, 5));
  assert.deepEqual(await node.acks(), [["ack", stream, 2, 2]]);
  assert.equal(rig.requests.length, 0);
  await node.events(stream, 1, message(a, 2), message(a, 3), message(a, 4), message(a, 5));
  assert.deepEqual(rig.bodies, [[1, stream, 2, [3, 4, 5].map((seq) => message(a, seq))]]);
});

test("a stream that begins past 0 is a gap", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 3, message(a, 4));
  assert.deepEqual(await node.acks(), [["ack", stream, 0, 0]]);
  assert.equal(rig.requests.length, 0);
});

test("another stream of the same node ends the last one", async () => {
  const { rig, node } = await toldRig();
  const request = rig.next();
  await node.events(stream, 1, message(a, 2));
  await node.events("n:i1:h:2", 0, ["assigned", a, 1, {}], message(a, 1));
  await node.events(stream, 2, message(a, 3));
  assert.equal(rig.requests.length, 0, "the request of the last one is under way");
  await request.answer(200);
  assert.deepEqual(rig.bodies, [[1, "n:i1:h:2", 0, [["assigned", a, 1, {}], message(a, 1)]]]);
  await rig.next().answer(200);
  assert.deepEqual(await node.acks(), [["ack", "n:i1:h:2", 2]]);
  assert.equal(rig.requests.length, 0);
});

test("a node that restarts cannot repeat: what came of it is delivered first", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, open(a), message(a, 1));
  const request = rig.next();
  await node.events(stream, 2, message(a, 2));
  await node.presence("i2");
  await node.events("n:i2:h:1", 0, open(b));
  await request.answer(200);
  assert.deepEqual(rig.bodies, [[1, stream, 2, [message(a, 2)]]]);
  await rig.next().answer(200);
  assert.deepEqual(rig.bodies, [[["close", a, null, 1006, "", "node-lost"]]]);
  await rig.next().answer(200);
  assert.deepEqual(rig.bodies, [[1, "n:i2:h:1", 0, [open(b)]]]);
});

test("the connections of a dead node are closed, until that is confirmed", async () => {
  const { rig, node } = await openRig();
  const c = `n.${"c".repeat(26)}`;
  const d = `n.${"d".repeat(26)}`;
  await node.events(stream, 0, open(a), ["assigned", b, 4, {}], open(c), ["alive", [d]]);
  await rig.next().answer(200);
  await node.events(stream, 4, ["close", c, 1, 1000, "", "client"], ["moved", [d]]);
  await rig.next().answer(200);
  assert.equal(rig.origin.connections, 2);
  await node.presence(undefined);
  await rig.advance(1_900);
  assert.equal(rig.requests.length, 0, "it may come back");
  await rig.advance(200);
  const closes = [a, b].map((id) => ["close", id, null, 1006, "", "node-lost"]);
  assert.deepEqual(rig.bodies, [closes]);
  await rig.next().answer(500);
  await rig.advance(200);
  assert.deepEqual(rig.bodies, [closes]);
  await rig.next().answer(200);
  await rig.advance(5_000);
  assert.equal(rig.requests.length, 0);
  assert.equal(rig.origin.connections, 0);
});

test("a node that was only cut off has its connections introduced again", async () => {
  const { rig, node } = await openRig();
  const incarnation = (): string => JSON.parse(rig.presences.at(-1) ?? "{}").incarnation;
  const before = incarnation();
  await node.events(stream, 0, open(a));
  await rig.next().answer(200);
  await node.presence(undefined);
  await rig.advance(2_100);
  await rig.next().answer(200);
  await node.presence("i1");
  await node.events(stream, 1, message(a, 1));
  await rig.advance(500);
  assert.equal(rig.requests.length, 0, "the origin was told that it is closed");
  assert.notEqual(incarnation(), before, "the node is asked to introduce all again");
});

test("items of another node's connections are dropped, and their numbers go on", async () => {
  const { rig, node } = await openRig();
  await node.events(
    stream,
    0,
    message(a, 1),
    message(other, 1),
    open(other),
    ["reply", 1, { [other]: "sent" }],
    ["reply", 2, { [a]: "sent" }],
    message(b, 1),
  );
  const nothing = ["alive", []];
  assert.deepEqual(rig.bodies, [
    [
      1,
      stream,
      0,
      [message(a, 1), nothing, nothing, nothing, ["reply", 2, { [a]: "sent" }], message(b, 1)],
    ],
  ]);
  assert.ok(rig.errors.includes("id-foreign"));
});

/** What is no batch of events in JSON. Nothing is posted, and the next batch is read. */
const malformed: readonly string[] = [
  "",
  "\x93\x01",
  "[",
  "[1]",
  "{}",
  '[1,"s",0,[["message"]',
  '[1,"s",0,["x"]]',
  '[1,"s",0,[["a"] ["b"]]]',
  '[2,"s",0,[["alive",[]]]]',
];

for (const text of malformed) {
  test(`malformed: ${JSON.stringify(text)}`, async () => {
    const { rig, node } = await openRig();
    await node.publish(text);
    assert.equal(rig.requests.length, 0);
    assert.ok(rig.errors.length > 0);
    await node.events(stream, 0, message(a, 1));
    assert.equal(rig.requests.length, 1);
  });
}

test("blanks between items are understood", async () => {
  const { rig, node } = await openRig({ itemsMax: 1 });
  await node.publish(
    ` [ 1 , "${stream}" , 0 , [ ["message", "${a}", 1, "x"] ,\n ["message","${a}",2,"y"] ] ] `,
  );
  for (const item of [message(a, 1), message(a, 2, "y")]) {
    assert.deepEqual((rig.bodies[0] as unknown[])[3], [item]);
    await rig.next().answer(200);
  }
  assert.deepEqual(await node.acks(), [["ack", stream, 2]]);
});

test("a retained event is dropped", async () => {
  const rig = new BatchRig();
  const node = await rig.node("n");
  await node.publish(JSON.stringify([1, stream, 0, [message(a, 1)]]), true);
  await rig.start();
  assert.equal(rig.requests.length, 0);
  assert.deepEqual(rig.errors, ["retained-refused"]);
});

test("it leaves when nodes have released it, and delivers before that", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, open(a));
  await rig.next().answer(200);
  const stopped = rig.origin.stop();
  await rig.settle();
  assert.equal(JSON.parse(rig.presences.at(-1) ?? "{}").leaving, true);
  await node.events(stream, 1, message(a, 1));
  await rig.next().answer(200, [["send", a, "last"]]);
  assert.deepEqual(node.commands(), [["send", a, "last"]]);
  await node.publish(JSON.stringify([["reply", 1, { [a]: "sent" }]]));
  assert.deepEqual(rig.bodies, [[["reply", 1, { [a]: "sent" }]]]);
  await rig.next().answer(200);
  await node.publish(JSON.stringify([["released", "n"]]));
  await stopped;
  assert.equal(rig.presences.at(-1), "");
});
