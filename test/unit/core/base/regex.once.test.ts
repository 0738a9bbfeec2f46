import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { settings } from "../../../../core/config/mod.ts";
import { ambiguityOf } from "../../../support/regex/automaton.ts";
import { hostileWords } from "../../../support/regex/hostile.ts";
import {
  constructedIn,
  expressionsWithin,
  type FoundRegex,
  literalsOf,
} from "../../../support/regex/sources.ts";
import { CountingMatcher } from "../../../support/regex/steps.ts";
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

/** Far below what so many characters cost by twos, and far above what any of ours needs. */
const stepsPerCharacterMax = 24;
const charactersMin = 400;

function repeated(pump: string, length: number = charactersMin): string {
  return pump.repeat(Math.ceil(length / Math.max(1, pump.length)));
}

/** Counts, with no clock: linear work is a few steps for each character, however many come. */
function isSlow(matcher: CountingMatcher, text: string): boolean {
  return matcher.test(text, stepsPerCharacterMax * (text.length + 8)) === undefined;
}

function slowWord(pattern: RegExp): string | undefined {
  const matcher = new CountingMatcher(pattern);
  for (const { prefix, pump } of hostileWords(pattern)) {
    for (const begin of [prefix, `${prefix}\u0000`]) {
      for (const end of ["", "\u0000", prefix]) {
        const text = begin + repeated(pump) + end;
        if (isSlow(matcher, text)) return JSON.stringify([begin, pump, end]);
      }
    }
  }
  return undefined;
}

test("regular expressions: the sources are read, and the settings' schemas", () => {
  assert.ok(found.length > 60, `${found.length} expressions`);
  assert.ok(inSettings.length > 10, `${inSettings.length} in settings`);
  assert.ok(found.some(({ place }) => place.startsWith("core/websocket/handshake.ts")));
});

test("regular expressions: none is made of a text but in settings, whose schemas are read", () => {
  const made = [...sources].flatMap(([path, source]) => constructedIn(path, source));
  assert.deepEqual(
    made.filter((place) => !place.startsWith("core/config/")),
    [],
  );
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

test("regular expressions: hostile text takes a few steps for each character", () => {
  for (const { place, pattern } of found) assert.equal(slowWord(pattern), undefined, place);
  for (const pattern of bad) assert.ok(slowWord(pattern), String(pattern));
});

test("regular expressions: so does any text that repeats what they are made of", () => {
  for (const { place, pattern } of found) {
    const matcher = new CountingMatcher(pattern);
    const words = hostileWords(pattern).flatMap(({ prefix, pump }) => [prefix, pump]);
    const piece = fc.constantFrom("", " ", "\u0000", ...words);
    const pieces = fc.array(piece, { maxLength: 3 }).map((parts) => parts.join("").slice(0, 16));
    fc.assert(
      fc.property(pieces, pieces, pieces, (prefix, pump, suffix) => {
        assert.ok(!isSlow(matcher, prefix + repeated(pump, charactersMin / 2) + suffix), place);
      }),
      { numRuns: 20 },
    );
  }
});

test("regular expressions: the matcher that counts finds what the runtime's finds", () => {
  for (const { place, pattern } of found) {
    if (pattern.sticky) continue;
    const words = hostileWords(pattern).flatMap(({ prefix, pump }) => [prefix, pump]);
    const piece = fc.constantFrom("", "a", ":", "/", ...words);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (parts) => {
        const text = parts.join("");
        const fresh = new RegExp(pattern.source, pattern.flags.replace("g", ""));
        assert.equal(new CountingMatcher(fresh).test(text), fresh.test(text), place);
      }),
      { numRuns: 20 },
    );
  }
});
