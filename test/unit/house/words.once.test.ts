import assert from "node:assert/strict";
import { test } from "node:test";
import { only, readTexts } from "../../support/tidy/files.ts";
import { listenerFaults, wordFaults } from "../../support/tidy/words.ts";

const code = only(readTexts(), /^(core|adapters|runtimes)\/.*\.ts$/);

/** `Connection` in both: record 11. The others are the core's own, which the library hands on. */
const shared: ReadonlySet<string> = new Set(["Connection", "ErrorCode", "ServiceError"]);

test("words: a listener's method is a fact, not an order", () => {
  assert.deepEqual(listenerFaults(code), []);
});

test("words: a public name of the origin library means nothing else in the core", () => {
  assert.deepEqual(wordFaults(code, shared), []);
});

test("words can fail", () => {
  const listener = "export interface PeerListener {\n  closed(): void;\n  close(): void;\n}\n";
  assert.deepEqual(listenerFaults(new Map([["core/a.ts", listener]])), [
    "core/a.ts: PeerListener.close is an order",
  ]);
  const doors = 'export {\n  Group,\n  type Grant,\n} from "./api/mod.ts";\n';
  const sources = new Map([
    ["adapters/origin/mod.ts", doors],
    ["core/groups/group.ts", "export class Group {}\n"],
    ["core/ports/grant.ts", "export interface Grant {}\n"],
  ]);
  assert.deepEqual(wordFaults(sources, new Set(["Group"])), [
    "core/ports/grant.ts: Grant is a word of the origin library",
  ]);
});
