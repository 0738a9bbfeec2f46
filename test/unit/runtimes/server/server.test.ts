import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Server } from "node:net";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { limits } from "../../../../core/base/mod.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";
import { listenAgain, listenAgainAfterBursts } from "../../../../runtimes/server/listen-again.ts";
import { FetchRequest, readTarget } from "../../../../runtimes/server/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { Dice } from "../../../vectors/dice.ts";

const deflate = createZlibDeflate();
const bytesMax = 100_000;
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

function words(dice: Dice, bytes: number): Buffer {
  let text = "";
  while (text.length < bytes) text += `word-${dice.below(1_000)} `;
  return Buffer.from(text.slice(0, bytes));
}

function inflated(payload: Uint8Array): string | undefined {
  const message = deflate.inflate(payload, bytesMax);
  return message === undefined ? undefined : Buffer.from(message).toString("latin1");
}

test("a cut payload is no message, wherever it is cut", () => {
  const dice = new Dice(1);
  for (const size of [1, 60, 5_000]) {
    for (const level of [1, 9]) {
      const text = words(dice, size);
      const payload = deflateRawSync(text, { ...flush, level }).subarray(0, -4);
      assert.equal(inflated(payload), text.toString());
      const step = size > 60 ? 97 : 1;
      for (let cut = payload.length - 1; cut > 0; cut -= step) {
        assert.equal(inflated(payload.subarray(0, cut)), undefined, `${cut} of ${size}`);
      }
    }
  }
});

test("a cut block without compression does not take our own bytes for the client's", () => {
  const data = Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 151) & 255));
  const payload = deflateRawSync(data, { ...flush, level: 0 }).subarray(0, -4);
  assert.equal(inflated(payload), data.toString("latin1"));
  // Of one byte there is left what is the whole payload of an empty message (RFC 7692, 7.2.3.6).
  for (let cut = payload.length - 1; cut > 1; cut -= 1) {
    assert.equal(inflated(payload.subarray(0, cut)), undefined, `${cut}`);
  }
});

test("a message that ends like a flush is itself", () => {
  for (const hex of ["0000ffff", "01020000ffff", "0000ffff0000ffff"]) {
    const data = Buffer.from(hex, "hex");
    for (const level of [0, 6]) {
      const payload = deflateRawSync(data, { ...flush, level }).subarray(0, -4);
      assert.equal(inflated(payload), data.toString("latin1"));
    }
  }
});

test("the examples of RFC 7692, 7.2.3, and an empty message in both forms", () => {
  for (const [hex, text] of [
    ["f248cdc9c90700", "Hello"],
    ["000500faff48656c6c6f00", "Hello"],
    ["f348cdc9c9070000", "Hello"],
    ["f248050000 00ffffcac9c90700".replace(" ", ""), "Hello"],
    ["00", ""],
    ["", ""],
  ] as const) {
    assert.equal(inflated(Buffer.from(hex, "hex")), text, hex);
  }
});

test("blocks behind a final block belong to the message (RFC 7692, 7.2.3.4)", () => {
  const first = deflateRawSync("first ");
  const second = deflateRawSync("second ");
  const last = deflateRawSync("last", flush).subarray(0, -4);
  const payload = Buffer.concat([first, second, last]);
  assert.equal(inflated(payload), "first second last");
  assert.equal(deflate.inflate(payload, 16), "too-big");
  assert.equal(inflated(payload.subarray(0, -1)), undefined);
  assert.equal(inflated(payload.subarray(0, first.length + 3)), undefined);
  assert.equal(inflated(Buffer.concat([first, second, Buffer.from([0])])), "first second ");
});

test("a client that leaves its tail on, or stops at a final block, is understood", () => {
  const whole = deflateRawSync("hello", flush);
  const final = deflateRawSync("hello");
  assert.equal(inflated(whole), "hello");
  assert.equal(inflated(final), "hello");
  for (const payload of [whole, final]) {
    assert.equal(inflated(Buffer.concat([payload, Buffer.from("xyz")])), undefined);
    for (let cut = payload.length - 1; cut > 0; cut -= 1) {
      // Four bytes less is the tail taken off.
      const expected = payload === whole && cut === whole.length - 4 ? "hello" : undefined;
      assert.equal(inflated(payload.subarray(0, cut)), expected);
    }
  }
  for (const level of [0, 6]) {
    const data = Buffer.from("0102030000ffff", "hex");
    assert.equal(inflated(deflateRawSync(data, { level })), data.toString("latin1"));
  }
});

test("final blocks are bounded, because each starts zlib anew", () => {
  const blocks = (count: number): Buffer =>
    Buffer.concat([Buffer.alloc(count * 2, deflateRawSync("")), Buffer.from([0])]);
  assert.equal(deflateRawSync("").length, 2);
  assert.equal(inflated(blocks(limits.deflateStreamsFloor - 1)), "");
  assert.equal(inflated(blocks(limits.deflateStreamsFloor)), undefined);
  assert.equal(inflated(blocks(100_000)), undefined);
  const parts = Array.from({ length: 100 }, (_, index) => words(new Dice(index), 500));
  const long = [...parts.map((part) => deflateRawSync(part)), Buffer.from([0])];
  assert.equal(inflated(Buffer.concat(long)), Buffer.concat(parts).toString());
});

test("what does not compress is measured as it is", () => {
  const dice = new Dice(3);
  const data = Buffer.from(Array.from({ length: 1_000 }, () => dice.below(256)));
  const payload = deflate.deflate(data);
  assert.ok(payload.length > data.length);
  assert.deepEqual(deflate.inflate(payload, data.length), data);
  assert.equal(deflate.inflate(payload, data.length - 1), "too-big");
});

class FakeServer extends EventEmitter {
  readonly listening = true;
  /** What was called, in its order. */
  readonly calls: string[] = [];
  address(): { port: number; address: string } {
    return { port: 1, address: "127.0.0.1" };
  }
  close(): void {
    this.calls.push("close");
  }
  listen(): void {
    this.calls.push("listen");
    this.emit("listening");
  }
}

/** A burst of streams, and the time until it is over. */
function callsAfterBurst(mayEndDescriptors: (streams: number) => boolean): readonly string[] {
  const server = new FakeServer();
  const clock = new ManualClock();
  const reopen = (): void => listenAgain(server as unknown as Server, clock, () => true);
  const questions = { reopen, mayEndDescriptors };
  listenAgainAfterBursts(server as unknown as Server, clock, questions);
  for (let index = 0; index <= limits.burstStreamsMin; index += 1) server.emit("connection");
  clock.advance(10 * limits.descriptorsTickMs);
  return server.calls;
}

test("a port with descriptors to spare stays open after a burst: who waits would be cut", () => {
  const asked: number[] = [];
  const calls = callsAfterBurst((streams) => {
    asked.push(streams);
    return false;
  });
  assert.deepEqual(calls, []);
  assert.deepEqual(asked, [limits.burstStreamsMin + 1]);
});

test("a port whose burst may have taken every descriptor is opened again once", () => {
  const calls = callsAfterBurst(() => true);
  assert.deepEqual(calls, ["close", "listen"]);
});

const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 2_000) };

/** What the URL standard makes of a target. */
function byTheStandard(target: string): { path: string; query: string } {
  const { pathname, search } = new URL(`http://host${target}`);
  return { path: pathname, query: search.slice(1) };
}

/** Characters that mean something in a URL, or that a parser encodes, beside harmless ones. */
const pieces = [..."ab-_~/.?&=%+:,;@!'\"<>{}|^`\\#[] é", "%2e", "%2E", "..", "//", "?"];
const target = fc
  .array(fc.constantFrom(...pieces), { maxLength: 24, size: "max" })
  .map((some) => `/${some.join("")}`);

test("a target has the path and the query that the URL standard gives it", () => {
  fc.assert(
    fc.property(target, (text) => assert.deepEqual(readTarget(text), byTheStandard(text))),
    runs,
  );
});

test("a target without a path stands for itself", () => {
  for (const text of ["*", "a:1", "mail:a/../b", "a.example:80"]) {
    assert.deepEqual(readTarget(text), { path: text, query: "" });
  }
  assert.deepEqual(readTarget("http://a:1/b/../c?d"), { path: "/c", query: "d" });
});

test("a request of the Fetch API has them too, whatever its host", () => {
  for (const host of ["http://h", "https://h", "http://127.0.0.1:8080", "http://[::1]:1"]) {
    for (const text of ["/", "/chat/17?room=a", "/a/%2e%2e/b?../x", "//evil/chat"]) {
      const { path, query } = new FetchRequest(new Request(`${host}${text}`), "192.0.2.1");
      assert.deepEqual({ path, query }, byTheStandard(text), `${host}${text}`);
    }
  }
});
