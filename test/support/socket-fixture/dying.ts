/** Tests for the test of `fixtureForTests`; the first one kills the fixture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../clients/raw-client.ts";
import { nodeWasm } from "./combinations.ts";
import { fixtureForTests } from "./for-tests.ts";

const fixture = fixtureForTests(nodeWasm);

for (const [title, text] of [
  ["kills", "!die"],
  ["comes after", "hello"],
  ["kills and does not notice", "!die"],
  ["comes last", "hello"],
] as const) {
  test(title, async () => {
    const client = await RawClient.open(fixture().port);
    client.text(text);
    if (title.includes("not notice")) await client.end();
    else assert.equal(await client.nextText(), text);
    client.destroy();
  });
}
