import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import {
  basicCredentials,
  EventLoopLag,
  portError,
  Secret,
  SystemClock,
  SystemRandom,
} from "../../../../adapters/system/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { clockConformance } from "../../../conformance/clock.ts";
import { randomConformance } from "../../../conformance/random.ts";
import { ManualClock, SeededRandom } from "../../../support/memory/mod.ts";

for (const { url, login } of [
  { url: "http://h/", login: undefined },
  { url: "http://user@h/", login: "user:" },
  { url: "http://us%C3%A9r:p%3Aw@h/", login: "us\u00e9r:p:w" },
  // A percent sign that begins nothing stays as it is.
  { url: "http://a%zz:b@h/", login: "a%zz:b" },
]) {
  test(`the credentials of ${url} are ${login ?? "none"}`, () => {
    const expected =
      login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
    assert.equal(basicCredentials(new URL(url)), expected);
  });
}

clockConformance("SystemClock", () => ({
  clock: new SystemClock(),
  pass: async (ms) => {
    await setTimeout(ms);
  },
  turn: async () => {
    await setImmediate();
  },
}));

clockConformance("ManualClock", () => {
  const clock = new ManualClock();
  return {
    clock,
    pass: async (ms) => clock.advance(ms),
    turn: async () => clock.turn(),
  };
});

test("SystemClock: a pending timer does not keep the process up", () => {
  // On Node the test runs from dist/js, the other two run the source.
  const module = process.versions.bun || process.versions.deno ? "" : "dist/js/";
  const file = `./${module}adapters/system/mod.${module === "" ? "ts" : "js"}`;
  const script = `import(${JSON.stringify(file)}).then(({ SystemClock }) => {
    new SystemClock().after(60_000, () => {});
  });`;
  const flags = process.versions.deno ? ["eval", "--no-check"] : ["-e"];
  const result = spawnSync(process.execPath, [...flags, script], { timeout: 20_000 });
  assert.equal(result.status, 0, `${result.stderr}`);
});

test("SystemClock: a time that no timer holds is a programmer's error", () => {
  for (const ms of [-1, Number.NaN, 2 ** 31]) {
    assert.throws(() => new SystemClock().after(ms, () => {}), /assertion failed/);
  }
});

test("ManualClock: a timer that a timer starts fires in the same advance, at its own time", () => {
  const clock = new ManualClock(1_000);
  const fired: number[] = [];
  clock.after(10, () => {
    fired.push(clock.now());
    clock.after(10, () => fired.push(clock.now()));
  });
  clock.advance(15);
  assert.deepEqual([fired, clock.now(), clock.pendingTimers], [[1_010], 1_015, 1]);
  clock.advance(5);
  assert.deepEqual([fired, clock.now(), clock.pendingTimers], [[1_010, 1_020], 1_020, 0]);
});

test("ManualClock: each timer is a turn of its own", () => {
  const clock = new ManualClock();
  const order: string[] = [];
  clock.after(1, () => {
    order.push("timer 1");
    clock.endOfTurn(() => order.push("end of 1"));
  });
  clock.after(2, () => order.push("timer 2"));
  clock.advance(2);
  assert.deepEqual(order, ["timer 1", "end of 1", "timer 2"]);
});

test("a stall is remembered for a while, then forgotten", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  clock.advance(1_000);
  assert.equal(lag.longestMs(), 0);
  clock.stall(3_000);
  assert.ok(lag.longestMs() >= 3_000 - limits.loopTickMs);
  assert.ok(lag.longestMs() <= 3_000);
  // The window before the present one counts too.
  clock.advance(2 * limits.loopWindowMs - 4_001);
  assert.ok(lag.longestMs() >= 3_000 - limits.loopTickMs);
  clock.advance(1);
  assert.equal(lag.longestMs(), 0);
});

test("who asks in a stall, before the timer runs, learns of it", () => {
  const times = { now: 0 };
  const clock = {
    now: () => times.now,
    ticks: () => times.now,
    after: () => () => {},
    endOfTurn: () => {},
  };
  const lag = new EventLoopLag(clock);
  lag.start();
  times.now = 7_000 + limits.loopTickMs;
  assert.equal(lag.longestMs(), 7_000);
});

test("a lag that is not measured any more is none", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  lag.stop();
  assert.equal(clock.pendingTimers, 0);
  clock.stall(60_000);
  assert.equal(lag.longestMs(), 0);
});

const where = { host: "127.0.0.1", port: 80 };

for (const { what, cause, code, message } of [
  {
    what: "the system's error for a port in use",
    cause: Object.assign(new Error("listen"), { code: "EADDRINUSE" }),
    code: "port-in-use",
    message: "port 80 on 127.0.0.1 is in use",
  },
  {
    what: "that of Deno",
    cause: Object.assign(new Error("Address already in use"), { name: "AddrInUse" }),
    code: "port-in-use",
    message: "port 80 on 127.0.0.1 is in use",
  },
  {
    what: "a port that needs a right",
    cause: Object.assign(new Error("listen"), { code: "EACCES" }),
    code: "setting-invalid",
    message: "cannot listen on 127.0.0.1, port 80: EACCES",
  },
  {
    what: "an error without a code",
    cause: new Error("no such address"),
    code: "setting-invalid",
    message: "cannot listen on 127.0.0.1, port 80: no such address",
  },
]) {
  test(`${what} is told as ${code}`, () => {
    const error = portError(cause, where);
    assert.deepEqual([error.code, error.message, error.cause], [code, message, cause]);
  });
}

randomConformance("SystemRandom", () => new SystemRandom());
randomConformance("SeededRandom", () => new SeededRandom(1));

test("SeededRandom: the same seed gives the same bytes, another one others", () => {
  const bytes = (seed: number): string => new SeededRandom(seed).fill(new Uint8Array(8)).join(" ");
  assert.equal(bytes(7), bytes(7));
  assert.notEqual(bytes(7), bytes(8));
});

test("SeededRandom: below stays below and reaches both ends", () => {
  const random = new SeededRandom(3);
  const seen = new Set(Array.from({ length: 200 }, () => random.below(5)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
});

test("a secret is told from every other text, whatever its length, as text and as bytes", () => {
  const secret = new Secret("pässword");
  const bytes = new TextEncoder().encode("pässword");
  assert.deepEqual([secret.equals("pässword"), secret.equals(bytes)], [true, true]);
  const others = ["", "p", "pässwor", "pässword ", "password", bytes.subarray(1)];
  assert.deepEqual(
    others.filter((other) => secret.equals(other)),
    [],
  );
});

test("a secret is not shown by what prints it", () => {
  assert.doesNotMatch(JSON.stringify(new Secret("hidden")), /hidden/);
  assert.doesNotMatch(String(new Secret("hidden")), /hidden/);
});
