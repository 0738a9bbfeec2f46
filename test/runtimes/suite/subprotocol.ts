import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFaults, graphTalk } from "../../support/sockets/graph-protocol.ts";
import type { SuiteContext } from "./context.ts";

const handshake = { headers: { "Sec-WebSocket-Protocol": "graph" } };

/** A subprotocol served at the edge, before the fixture's echo. */
export function subprotocolTests(context: SuiteContext): void {
  const { name } = context.combination;

  test(`${name}: a subprotocol answers, swallows, changes and passes on`, async () => {
    const client = await context.open("graph", handshake);
    for (const [said, answer] of graphTalk) {
      client.text(said);
      if (answer !== undefined) assert.equal(await client.nextText(), answer);
    }
    // All in one chunk.
    client.send(
      ...Array.from({ length: 100 }, (_, id) => [
        { opcode: 1, payload: `{"type":"ping","payload":${id}}` },
        { opcode: 1, payload: `{"type":"complete","id":${id}}` },
      ]).flat(),
    );
    for (let id = 0; id < 100; id += 1) {
      assert.equal(await client.nextText(), `{"type":"pong","payload":${id}}`);
      assert.equal(await client.nextText(), `{"type":"complete","id":${id}}`);
    }
    client.send({ opcode: 2, payload: "binary is not of this protocol" });
    const closed = await client.closeFrame();
    assert.deepEqual(closed, { code: 4400, reason: "Invalid message" });
    client.destroy();
    const told = await context.fixture().event("close", "graph");
    assert.equal(told.closeCode, 4400);
  });

  for (const [index, [said, close]] of graphFaults.entries()) {
    test(`${name}: ${said.at(-1)} gets ${close}`, async () => {
      const client = await context.open(`graph-fault-${index}`, handshake);
      for (const one of said) client.text(one);
      const frame = await client.closeFrame();
      assert.equal(`close ${frame?.code} ${frame?.reason}`, close);
      client.destroy();
      const fault = await context.fixture().event("fault", `graph-fault-${index}`);
      assert.equal(fault.errorCode, "subprotocol-violation");
      await context.fixture().event("close", `graph-fault-${index}`);
    });
  }

  test(`${name}: beside it, a client without the subprotocol talks as ever`, async () => {
    const client = await context.open("no-graph");
    client.text('{"type":"ping"}');
    assert.equal(await client.nextText(), '{"type":"ping"}');
  });
}
