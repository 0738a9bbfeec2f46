import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { Slab } from "../../../../core/websocket/mod.ts";
import { Backlog } from "../../../../runtimes/framed-server/backlog.ts";
import { ClientPort } from "../../../../runtimes/framed-server/client-port.ts";
import { Deadlines } from "../../../../runtimes/framed-server/deadlines.ts";
import { acceptOf } from "../../../../runtimes/framed-server/upgrade.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { Dice } from "../../../vectors/dice.ts";

class Item {
  readonly #name: string;
  readonly #said: string[];

  constructor(name: string, said: string[]) {
    this.#name = name;
    this.#said = said;
  }

  late(): void {
    this.#said.push(this.#name);
  }
}

/** Deadlines of 100 ms, and who was late. */
function rig(ms = 100) {
  const clock = new ManualClock();
  const said: string[] = [];
  const deadlines = new Deadlines<Item>(clock, ms);
  const begin = (name: string): Item => {
    const item = new Item(name, said);
    deadlines.start(item);
    return item;
  };
  return { clock, said, deadlines, begin };
}

test("each is late after its own time, in their order, and once", () => {
  const { clock, said, begin } = rig();
  begin("a");
  clock.advance(40);
  begin("b");
  clock.advance(59);
  assert.deepEqual(said, []);
  clock.advance(1);
  assert.deepEqual(said, ["a"]);
  clock.advance(39);
  assert.deepEqual(said, ["a"]);
  clock.advance(1_000);
  assert.deepEqual(said, ["a", "b"]);
});

test("one timer runs for all of them, and none for nobody", () => {
  const { clock, deadlines, begin } = rig();
  const items = ["a", "b", "c"].map(begin);
  assert.equal(clock.pendingTimers, 1);
  clock.advance(50);
  items.push(begin("d"));
  assert.equal(clock.pendingTimers, 1);
  for (const item of items) deadlines.stop(item);
  clock.advance(1_000);
  assert.equal(clock.pendingTimers, 0);
});

test("who is stopped is not late, and who begins again has the whole time again", () => {
  const { clock, said, deadlines, begin } = rig();
  const [again, stopped] = [begin("again"), begin("stopped")];
  begin("other");
  clock.advance(60);
  deadlines.stop(stopped);
  deadlines.start(again);
  clock.advance(99);
  assert.deepEqual(said, ["other"]);
  assert.deepEqual(deadlines.items(), [again]);
  clock.advance(1);
  assert.deepEqual(said, ["other", "again"]);
  assert.deepEqual(deadlines.items(), []);
});

test("after a stall, what came in time is read before anybody is late", () => {
  const { clock, said, deadlines, begin } = rig();
  const reads = begin("reads");
  begin("silent");
  // The timer fires first; the bytes that waited are read later in the same turn.
  clock.endOfTurn(() => deadlines.stop(reads));
  clock.stall(10_000);
  clock.advance(1_000);
  assert.deepEqual(said, ["silent"]);
});

test("0 is without a limit", () => {
  const { clock, said, deadlines, begin } = rig(0);
  begin("a");
  assert.equal(clock.pendingTimers, 0);
  clock.advance(1_000_000);
  assert.deepEqual(said, []);
  assert.equal(deadlines.items().length, 1);
});

/** A port whose listener notes what is asked of it. */
async function portRig(): Promise<{ port: ClientPort; clock: ManualClock; asked: string[] }> {
  const clock = new ManualClock();
  const asked: string[] = [];
  const options = { host: "a", port: 0, clock } as unknown as ClientServerOptions;
  const port = new ClientPort(options);
  await port.start({
    open: async (number) => {
      asked.push(`open ${number}`);
      return 4_711;
    },
    close: () => void asked.push("close"),
    setTls: () => false,
  });
  return { port, clock, asked };
}

/** The turn in which a port opens again is over. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a port opens again after a shortage, in a later turn", async () => {
  const { port, clock, asked } = await portRig();
  port.shortage(true);
  port.shortage(false);
  clock.advance(limits.descriptorsTickMs);
  assert.deepEqual(asked, ["open 0", "close"]);
  await turns();
  assert.deepEqual(asked, ["open 0", "close", "open 4711"]);
});

test("a port that is closed for good in the turn before it opens again stays closed", async () => {
  const { port, clock, asked } = await portRig();
  port.shortage(true);
  port.shortage(false);
  clock.advance(limits.descriptorsTickMs);
  port.stop();
  await turns();
  assert.deepEqual(asked, ["open 0", "close", "close"]);
  await port.setTls({ cert: "", key: "" });
  assert.deepEqual(asked.slice(3), ["close"]);
});

test("a key is answered as RFC 6455, 1.3 shows, with or without a hash in one call", () => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const known = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  const called: unknown[] = [];
  const once = (...said: unknown[]): string => {
    called.push(said);
    return "once";
  };
  assert.equal(acceptOf(key), known);
  assert.equal(acceptOf(key, null), known);
  assert.equal(acceptOf(key, once), "once");
  assert.deepEqual(called, [["sha1", `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, "base64"]]);
});

/** A frame as it is cut from a slab, or made for itself. */
function pieces(sizes: readonly number[]): Uint8Array[] {
  const slab = new Slab(16_384);
  return sizes.map((size, index) => slab.take(size).fill(index + 1));
}

/** Everything that a backlog hands on, as a client that reads takes it. */
function taken(backlog: Backlog): Uint8Array[] {
  const all: Uint8Array[] = [];
  backlog.drain((bytes) => all.push(bytes) && bytes.length);
  return all;
}

/** Bytes of all the buffers that are kept, each counted once. */
function heldBytes(kept: readonly Uint8Array[]): number {
  const buffers = new Set(kept.map(({ buffer }) => buffer));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

test("a backlog gives back what it took, in order, and keeps no more bytes than that", () => {
  const dice = new Dice(7);
  for (let round = 0; round < 200; round++) {
    const most = dice.pick([2, 100, 4_096, 20_000]);
    const sizes = Array.from({ length: dice.below(200) }, () => dice.below(most));
    const given = pieces(sizes);
    const backlog = new Backlog();
    for (const piece of given) backlog.add(piece);
    const expected = Buffer.concat(given);
    assert.equal(backlog.byteLength, expected.length);
    const all = taken(backlog);
    assert.ok(Buffer.concat(all).equals(expected));
    assert.equal(heldBytes(all), expected.length);
    assert.deepEqual([backlog.byteLength, taken(backlog)], [0, []]);
  }
});

test("small frames in a backlog keep no slab, and are few objects", () => {
  const backlog = new Backlog();
  for (let index = 0; index < 5_000; index++) backlog.add(new Slab(16_384).take(12));
  const all = taken(backlog);
  assert.equal(heldBytes(all), 60_000);
  assert.ok(all.length <= 8, `${all.length} pieces`);
});

test("what a client does not take stays, and leaves before what is added later", () => {
  const dice = new Dice(9);
  const backlog = new Backlog();
  const given: Uint8Array[] = [];
  const got: Uint8Array[] = [];
  for (let round = 0; round < 300; round++) {
    const piece = new Uint8Array(1 + dice.below(dice.pick([20, 20_000]))).fill(round);
    given.push(piece);
    backlog.add(piece);
    let room = dice.below(9_000);
    backlog.drain((bytes) => {
      const part = bytes.subarray(0, room);
      got.push(part);
      room -= part.length;
      return part.length;
    });
    const [all, gone] = [given, got].map((pieces) => Buffer.concat(pieces).length);
    assert.equal(backlog.byteLength, all! - gone!);
  }
  got.push(...taken(backlog));
  assert.ok(Buffer.concat(got).equals(Buffer.concat(given)));
});

test("a large frame is not copied: receivers share it", () => {
  const [small, large] = pieces([10, 5_000]);
  const backlog = new Backlog();
  backlog.add(small!);
  backlog.add(large!);
  assert.equal(taken(backlog)[1], large);
});
