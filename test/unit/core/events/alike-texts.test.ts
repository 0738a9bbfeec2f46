import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { AlikeTexts } from "../../../../core/events/alike-texts.ts";
import { infoOf, keptInfo } from "../../../../core/events/introduction.ts";

const address = "192.0.2.7";
const said = {
  path: "/tea",
  query: "",
  headers: { "user-agent": "kettle" },
  ip: address,
  subprotocols: ["a", "b"],
  subprotocol: "b",
  cookies: { cup: "1" },
};

test("what is kept of a request says all that `open` said but the grant", () => {
  const alike = new AlikeTexts();
  for (const info of [said, { ...said, query: "token=x" }]) {
    const kept = keptInfo({ ...info, user: "bob", state: 7 }, alike);
    assert.deepEqual(infoOf({ info: kept, address }), info);
  }
  assert.deepEqual(infoOf({ info: "", address }), {});
});

test("alike requests of different clients are kept once, but none with a query", () => {
  const alike = new AlikeTexts();
  const one = keptInfo(said, alike);
  assert.equal(keptInfo({ ...said, ip: "192.0.2.8" }, alike), one);
  assert.equal(alike.size, 1);
  keptInfo({ ...said, query: "token=x" }, alike);
  assert.equal(alike.size, 1);
});

test("neither many nor long texts fill the memory for alike ones", () => {
  const alike = new AlikeTexts();
  for (let index = 0; index < limits.alikeTextsMax; index++) alike.of(String(index));
  assert.equal(alike.size, limits.alikeTextsMax);
  const long = "x".repeat(limits.alikeTextCharsMax + 1);
  assert.equal(alike.of(long), long);
  assert.equal(alike.size, limits.alikeTextsMax);
  assert.equal(alike.of("one more"), "one more");
  assert.equal(alike.size, 1);
});
