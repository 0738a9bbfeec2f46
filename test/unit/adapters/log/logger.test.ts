import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoggerOptions } from "../../../../adapters/log/level.ts";
import {
  JsonLogger,
  LogLimiter,
  PrettyLogger,
  redact,
  redactText,
  WithFields,
} from "../../../../adapters/log/mod.ts";
import type { LogLevel } from "../../../../core/ports/mod.ts";
import { loggerConformance } from "../../../conformance/logger.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

const now = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function written(level: LogLevel = "debug") {
  const text: string[] = [];
  const write = (line: string): void => void text.push(line);
  return { lines: () => text.join("").trimEnd().split("\n"), options: { level, write, now } };
}

loggerConformance("JsonLogger", () => {
  const { lines, options } = written();
  return { logger: new JsonLogger(options), lines };
});
loggerConformance("PrettyLogger", () => {
  const { lines, options } = written();
  return { logger: new PrettyLogger({ ...options, colour: true }), lines };
});
loggerConformance("MemoryLogger", () => {
  const logger = new MemoryLogger();
  return { logger, lines: () => logger.records.map((record) => JSON.stringify(record)) };
});

test("JsonLogger: the line is JSON, its own names first, undefined left out", () => {
  const { lines, options } = written();
  const logger = new JsonLogger(options);
  logger.log("info", "started", "Up", { port: 1, broker: undefined, user: null });
  assert.equal(
    lines()[0],
    '{"at":"2026-01-02T03:04:05.678Z","level":"info","event":"started","message":"Up",' +
      '"port":1,"user":null}',
  );
});

test("JsonLogger: a field does not pass for the line's own level or time", () => {
  const { lines, options } = written();
  new JsonLogger(options).log("warn", "odd", "Odd", { level: "info", at: 0 });
  const line = JSON.parse(lines()[0] ?? "");
  assert.deepEqual([line.level, line.level_, line.at_], ["warn", "info", 0]);
});

test("loggers: below the level nothing is written, and enabled says so", () => {
  const { lines, options } = written("warn");
  const pretty = new PrettyLogger({ ...options, colour: false });
  for (const logger of [new JsonLogger(options), pretty]) {
    logger.log("debug", "a", "A");
    logger.log("info", "b", "B");
    assert.deepEqual([logger.enabled("info", "x"), logger.enabled("warn", "x")], [false, true]);
  }
  assert.deepEqual(lines(), [""]);
});

test("PrettyLogger: a line for people, quoted where it must be", () => {
  const { lines, options } = written();
  const logger = new PrettyLogger({ ...options, colour: false });
  logger.log("info", "started", "Up", { port: 8080, url: "http://127.0.0.1:8080/", text: "a b" });
  assert.equal(
    lines()[0],
    '03:04:05.678 info  started: Up port=8080 url=http://127.0.0.1:8080/ text="a b"',
  );
});

test("loggers: passwords and tokens show as ***", () => {
  const { lines, options } = written();
  const pretty = new PrettyLogger({ ...options, colour: false });
  for (const logger of [new JsonLogger(options), pretty]) {
    logger.log("info", "started", "Broker mqtt://me:hunter2@host:1883", {
      broker: "mqtts://me:hun@ter2@host",
      authorization: "Bearer hunter2",
      sessionToken: "hunter2",
    });
  }
  assert.equal(lines().length, 2);
  assert.doesNotMatch(lines().join(), /hunter2|ter2/);
  assert.match(lines()[0] ?? "", /mqtt:\/\/me:\*\*\*@host:1883/);
});

test("redact: tells secrets by the field's name and by the form of a URL", () => {
  const cases = [
    ["path", "/chat", "/chat"],
    ["brokerPassword", "x", "***"],
    ["Cookie", "a=b", "***"],
    ["url", "mqtt://host:1883", "mqtt://host:1883"],
    ["url", "mqtt://user@host:1883", "mqtt://user@host:1883"],
    ["url", "mqtt://user:pw@host", "mqtt://user:***@host"],
    ["url", "mqtt://:pw@host", "mqtt://:***@host"],
  ] as const;
  for (const [name, value, expected] of cases) assert.equal(redact(name, value), expected);
});

test("redact: a stranger's long text costs little time", () => {
  const text = "://a:".repeat(20_000);
  const started = performance.now();
  redactText(text);
  assert.ok(performance.now() - started < 2_000);
});

test("fields of a process stand in each of its lines; a line's own do not replace them", () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const inner = new JsonLogger({ level: "info", write, now: () => 0 });
  const logger = new WithFields(inner, { worker: 3 });
  logger.log("info", "one", "first");
  logger.log("warn", "two", "second", { ip: "::1", worker: 4 });
  logger.log("debug", "three", "third");
  const [one, two] = lines.map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.deepEqual([one.event, one.worker], ["one", 3]);
  assert.deepEqual([two.event, two.ip, two.worker], ["two", "::1", 3]);
  assert.deepEqual([logger.enabled("info", "x"), logger.enabled("debug", "x")], [true, false]);
});

test("a level of a category counts for events that begin with it, and may change", () => {
  const lines: string[] = [];
  const options: LoggerOptions = {
    level: "warn",
    categories: { handshake: "debug", started: "error" },
    write: (line) => void lines.push(JSON.parse(line).event),
    now: () => 0,
  };
  const logger = new JsonLogger(options);
  const all = (): void => {
    logger.log("debug", "handshake-refused", "");
    logger.log("info", "broker-lost", "");
    logger.log("warn", "broker-lost", "");
    logger.log("warn", "started", "");
    logger.log("debug", "handshakes", "");
  };
  all();
  assert.deepEqual(lines.splice(0), ["handshake-refused", "broker-lost"]);
  assert.equal(logger.enabled("debug", "handshake-refused"), true);
  assert.equal(logger.enabled("info", "broker-lost"), false);
  Object.assign(options, { level: "error", categories: {} });
  all();
  assert.deepEqual(lines, []);
});

test("an action on the admin port is never suppressed", () => {
  const memory = new MemoryLogger();
  const limiter = new LogLimiter(memory, new ManualClock(), 1);
  const log = (who: string): void => limiter.log("info", "admin-action", "", { who });
  for (let count = 0; count < 50; count++) log("local");
  assert.equal(memory.records.length, 50);
});

test("a stranger who asks for actions again and again cannot fill the log", () => {
  const memory = new MemoryLogger();
  const clock = new ManualClock();
  const limiter = new LogLimiter(memory, clock, 10);
  const log = (who: string): void => limiter.log("info", "admin-action", "", { who });
  for (let count = 0; count < 50; count++) log("");
  log("admin-token");
  assert.equal(memory.records.length, 11);
  clock.advance(1_000);
  assert.equal(memory.records.length, 12, "and one line that counts the others");
});

test("lines of one code are held back past a number a second, and counted", () => {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const limiter = new LogLimiter(logger, clock, 2);
  for (let index = 0; index < 5; index++) limiter.log("warn", "refused", "no", { code: "a" });
  limiter.log("warn", "refused", "no", { code: "b" });
  assert.equal(logger.records.length, 3);
  clock.advance(1_000);
  limiter.log("warn", "refused", "no", { code: "a" });
  assert.equal(logger.records.length, 5);
  assert.equal(logger.records[3]?.fields.kept, 3);
  for (let index = 0; index < 3; index++) limiter.log("warn", "refused", "no", { code: "a" });
  clock.advance(1_000);
  assert.deepEqual(
    logger.records.slice(5).map(({ fields }) => fields.kept),
    [undefined, 2],
  );
  assert.equal(clock.pendingTimers, 0);
});
