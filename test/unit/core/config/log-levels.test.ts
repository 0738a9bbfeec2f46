import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogLevels } from "../../../../core/config/log-levels.ts";
import { readSettings } from "../../../../core/config/mod.ts";

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

function refusalOf(level: string): string {
  const flags = { "log-level": level };
  try {
    readSettings({ flags, environment: {}, file: undefined, defaults: {} });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

test("a category that there is not is named, and so are those that there are", () => {
  const said = refusalOf("info, foo=debug");
  assert.match(said, /^--log-level: .* is not allowed; foo is no category; categories: accept, /);
  assert.match(said, /, handshake, .*, worker$/);
  assert.match(refusalOf("info,"), /; a category is missing; categories: /);
});

test("a wrong level is told which there are", () => {
  for (const level of ["loud", "info,broker=loud", "loud,foo=debug"]) {
    assert.match(refusalOf(level), /; it must be one of debug, info, warn, error; then CATEGORY=/);
  }
});
