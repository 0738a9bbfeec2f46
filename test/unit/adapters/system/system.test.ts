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

for (const [what, cause, code, message] of [
  [
    "the system's error for a port in use",
    Object.assign(new Error("listen"), { code: "EADDRINUSE" }),
    "port-in-use",
    "port 80 on 127.0.0.1 is in use",
  ],
  [
    "that of Deno",
    Object.assign(new Error("Address already in use"), { name: "AddrInUse" }),
    "port-in-use",
    "port 80 on 127.0.0.1 is in use",
  ],
  [
    "a port that needs a right",
    Object.assign(new Error("listen"), { code: "EACCES" }),
    "setting-invalid",
    "cannot listen on 127.0.0.1, port 80: EACCES",
  ],
  [
    "an error without a code",
    new Error("no such address"),
    "setting-invalid",
    "cannot listen on 127.0.0.1, port 80: no such address",
  ],
] as const) {
  test(`${what} is told as ${code}`, () => {
    const error = portError(cause, where);
    assert.deepEqual([error.code, error.message, error.cause], [code, message, cause]);
  });
}

randomConformance("SystemRandom", () => new SystemRandom());
randomConformance("SeededRandom", () => new SeededRandom(1));

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
