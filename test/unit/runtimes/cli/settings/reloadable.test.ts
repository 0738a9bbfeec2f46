import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
import { changesOf } from "../../../../../runtimes/cli/settings/mod.ts";

function read(file: Readonly<Record<string, unknown>>): Settings {
  return readSettings({ flags: {}, environment: {}, file, defaults: {} });
}

test("a change is told with the former value, and a secret only by its name", () => {
  const secrets = ["x", "y"].map((letter) => letter.repeat(40));
  const current = read({ "jwt-secret": secrets[0], "max-connections": 5 });
  const next = read({
    "jwt-secret": secrets[1],
    "allowed-origins": "https://a.example,https://b.example",
    "log-level": "warn,broker=debug",
  });
  const { changed, restart, settings } = changesOf(current, next);
  assert.deepEqual(changed, [
    "log-level: warn,broker=debug, was info",
    "allowed-origins: https://a.example,https://b.example, was empty",
    "max-connections: 1000000, was 5",
    "jwt-secret",
  ]);
  assert.deepEqual(restart, []);
  assert.deepEqual(settings, next);
});

test("what cannot change stays as it is, and is named", () => {
  const current = read({ port: 1, "max-connections": 5 });
  const { changed, restart, settings } = changesOf(current, read({ port: 2, partitions: 3 }));
  assert.deepEqual(restart, ["port", "partitions"]);
  assert.deepEqual(changed, ["max-connections: 1000000, was 5"]);
  assert.deepEqual(settings, { ...current, "max-connections": 1_000_000 });
});

test("another certificate is taken over, a first one and the last one are not", () => {
  const [none, one, other] = [
    read({}),
    read({ "tls-cert": "a.crt", "tls-key": "a.key" }),
    read({ "tls-cert": "b.crt", "tls-key": "b.key" }),
  ] as const;
  assert.deepEqual(changesOf(one, other).restart, []);
  for (const [from, to] of [
    [none, one],
    [one, none],
  ] as const) {
    const { restart, settings } = changesOf(from, to);
    assert.deepEqual(restart, ["tls-cert", "tls-key"]);
    assert.deepEqual(settings, from);
  }
});
