import assert from "node:assert/strict";
import { test } from "node:test";
import { settings } from "../../../../core/config/mod.ts";
import { ambiguityOf } from "../../../support/regex/automaton.ts";
import {
  constructedIn,
  expressionsWithin,
  type FoundRegex,
  literalsOf,
} from "../../../support/regex/sources.ts";
import { only, readTexts } from "../../../support/tidy/files.ts";

/** All that runs in production. AssemblyScript has no regular expressions. */
const sources = only(
  readTexts(),
  /^(core|adapters|runtimes|examples|wasm(?!\/assembly))\/.*\.ts$/,
);
const inSettings = expressionsWithin(settings).map((pattern) => ({ place: "settings", pattern }));
const found: readonly FoundRegex[] = [
  ...[...sources].flatMap(([path, source]) => literalsOf(path, source)),
  ...inSettings,
];

/** What each rule must find: a rule that finds nothing in these finds nothing at all. */
const bad = [
  /^\s*bearer +(.*?)\s*$/i,
  /(a+)+$/,
  /\s+$/,
  /^(a|a)*b/,
  /^(a*)*b/,
  /^a*a*b/,
  /\/\/.*@/,
];

test("regular expressions: the sources are read, and the settings' schemas", () => {
  assert.ok(found.length > 60, `${found.length} expressions`);
  assert.ok(inSettings.length > 10, `${inSettings.length} in settings`);
  assert.ok(found.some(({ place }) => place.startsWith("core/websocket/handshake.ts")));
});

test("regular expressions: none is made of a text but in settings, whose schemas are read", () => {
  const made = [...sources].flatMap(([path, source]) => constructedIn(path, source));
  const found = made.filter((place) => !place.startsWith("core/config/"));
  assert.deepEqual(found, []);
  const sample = 'const a = new RegExp("x"); b.match("y+"); c.search(`z`); d.match(/e/);';
  assert.deepEqual(constructedIn("a.ts", sample), ["a.ts:1", "a.ts:1", "a.ts:1"]);
});

test("regular expressions: no two repetitions can take the same text", () => {
  const ambiguous = found.map(({ place, pattern }) => {
    const why = ambiguityOf(pattern);
    return why === undefined ? "" : `${place} ${pattern}: ${why}`;
  });
  assert.deepEqual(ambiguous.filter(Boolean), []);
  for (const pattern of bad) assert.ok(ambiguityOf(pattern), String(pattern));
});
