import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger } from "../../core/ports/mod.ts";

export interface LoggerCase {
  readonly logger: Logger;
  /** Everything written so far, one string a line. */
  lines(): string[];
}

/** What the core relies on in any logger. `make` gives one that writes every level. */
export function loggerConformance(name: string, make: () => LoggerCase): void {
  test(`${name}: one line a call, in order, with level, event, message and fields`, () => {
    const { logger, lines } = make();
    logger.log("info", "started", "The node is up", { port: 8080, node: "n1", ready: true });
    logger.log("error", "broker-lost", "The broker is away", { retryMs: null, gone: undefined });
    const [first = "", second = "", ...rest] = lines();
    assert.deepEqual(rest, []);
    for (const part of ["info", "started", "The node is up", "8080", "n1", "true"]) {
      assert.ok(first.includes(part), `${part} in ${first}`);
    }
    for (const part of ["error", "broker-lost", "The broker is away"]) {
      assert.ok(second.includes(part), `${part} in ${second}`);
    }
  });

  test(`${name}: line breaks and control characters stay inside their line`, () => {
    const { logger, lines } = make();
    const nasty = 'two\nlines\r\u0000\u001b[2J "quoted" \\ 中';
    logger.log("warn", "odd-input", nasty, { text: nasty });
    assert.equal(lines().length, 1);
    for (const raw of ["\n", "\r", "\u0000", "\u001b[2J"]) {
      assert.ok(!lines()[0]?.includes(raw), JSON.stringify(raw));
    }
  });

  test(`${name}: says which levels are written`, () => {
    const { logger } = make();
    for (const level of ["debug", "info", "warn", "error"] as const) {
      assert.equal(logger.enabled(level, "an-event"), true);
    }
  });
}
