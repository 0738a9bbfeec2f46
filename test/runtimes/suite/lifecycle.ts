import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { closePayload } from "../../support/clients/raw-client-frames.ts";
import { Fixture } from "../../support/socket-fixture/combinations.ts";
import type { SuiteContext } from "./context.ts";

/** Listening, and no more. */
export function lifecycleTests(context: SuiteContext): void {
  const { name } = context.combination;

  test(`${name}: a port that is taken is told by its code`, async () => {
    const { port } = context.fixture();
    const refused = await Fixture.refused(context.combination, { port });
    assert.deepEqual(refused, ["port-in-use", 1]);
  });

  test(`${name}: a server that has stopped keeps no process up`, async () => {
    const fixture = await Fixture.start(context.combination, {});
    try {
      const client = await RawClient.open(fixture.port);
      client.text("!stop");
      assert.deepEqual(await client.closeFrame(), { code: 1012, reason: "stop" });
      client.send({ opcode: 8, payload: closePayload(1012) });
      await client.end();
      client.destroy();
      assert.equal(await fixture.ended(), 0);
    } finally {
      await fixture.stop();
    }
  });
}
