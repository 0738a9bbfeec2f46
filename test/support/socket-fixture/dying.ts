/** Tests for the test of `fixtureForTests`; the first one kills the fixture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../clients/raw-client.ts";
import { waitFor } from "../process/wait.ts";
import { nodeWasm } from "./combinations.ts";
import { fixtureForTests } from "./for-tests.ts";

const fixture = fixtureForTests(nodeWasm);

function isRefused(port: number): Promise<boolean> {
  return RawClient.connect(port).then(
    (client) => {
      client.destroy();
      return false;
    },
    (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED",
  );
}

for (const [title, text] of [
  ["kills", "!die"],
  ["comes after", "hello"],
  ["kills and does not notice", "!die"],
  ["comes last", "hello"],
] as const) {
  test(title, async () => {
    const { port } = fixture();
    const client = await RawClient.open(port);
    client.text(text);
    if (title.includes("not notice")) {
      await client.end();
      // It is dead before the next test begins.
      await waitFor(() => isRefused(port), { what: "the fixture's death" });
    } else assert.equal(await client.nextText(), text);
    client.destroy();
  });
}
