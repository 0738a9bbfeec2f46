import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogLevels } from "../../../../core/config/log-levels.ts";

test("levels of the log: one for all, then others by category", () => {
  assert.deepEqual(parseLogLevels("warn"), { level: "warn", categories: {} });
  assert.deepEqual(parseLogLevels("info,handshake=debug, broker=warn"), {
    level: "info",
    categories: { handshake: "debug", broker: "warn" },
  });
});

for (const text of [
  "",
  "loud",
  "handshake=debug",
  "info,handshakes=debug",
  "info,handshake",
  "info,handshake=",
  "info,handshake=loud",
  "info,handshake=debug=debug",
  "info,handshake=debug,handshake=info",
  "info,",
  "info,toString=debug",
]) {
  test(`levels of the log: ${JSON.stringify(text)} is refused`, () => {
    assert.equal(parseLogLevels(text), undefined);
  });
}
