import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedCookies } from "../../../../core/handshake/cookies.ts";
import { ManualClock, MemoryBroker } from "../../../support/memory/mod.ts";
import { MemoryNode } from "../../../support/memory-node/memory-node.ts";

const names = ["sid", "lang", "empty"];

const headers: readonly [
  header: string | undefined,
  cookies: Record<string, string> | undefined,
][] = [
  [undefined, undefined],
  ["", undefined],
  ["other=1", undefined],
  ["sid=1", { sid: "1" }],
  ["other=1; sid=2; more=3", { sid: "2" }],
  ["sid=1; lang=de", { sid: "1", lang: "de" }],
  ["sid=first; sid=second", { sid: "first" }],
  ["a=1; sid=x, lang=y", { sid: "x", lang: "y" }],
  ["  sid =  spaced\t; lang=\tde ", { sid: "spaced", lang: "de" }],
  ['sid="quoted"; lang="', { sid: "quoted", lang: '"' }],
  ["sid=a=b==; empty=", { sid: "a=b==", empty: "" }],
  ["sid; lang", undefined],
  ["SID=1; Sid=2", undefined],
  ["=1; sidx=2; xsid=3", undefined],
  ["sid=%20%3D;;; ; lang=\u00fc", { sid: "%20%3D", lang: "\u00fc" }],
];

for (const [header, cookies] of headers) {
  test(`cookies of ${JSON.stringify(header)}`, () => {
    assert.deepEqual(allowedCookies(header, names), cookies);
    assert.equal(allowedCookies(header, []), undefined);
  });
}

test("an origin sees the cookies that are allowed, and no others", async () => {
  const parts = { broker: new MemoryBroker(), clock: new ManualClock() };
  const node = new MemoryNode(parts, { cookies: ["sid"], headers: ["user-agent"] });
  await node.gateway.start();
  const answer = await node.handshake("/", { cookie: "secret=1; sid=2", "user-agent": "me" });
  assert.ok(answer.accepted);
  assert.deepEqual(answer.info.cookies, { sid: "2" });
  assert.deepEqual(answer.info.headers, { "user-agent": "me" });
  const without = await node.handshake("/", { cookie: "secret=1" });
  assert.ok(without.accepted && !("cookies" in without.info));
});
