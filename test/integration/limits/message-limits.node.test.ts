import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateRawSync } from "node:zlib";
import { RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";

const flags = ["--compression", "--max-fragments", "10", "--engine", "wasm"];
const extensions = { "Sec-WebSocket-Extensions": "permessage-deflate" };

describe("limits of one message", { concurrency: true }, () => {
  for (const { runtime } of combinations.filter(({ engine }) => engine === "wasm")) {
    it(`are kept on ${runtime}: fragments, and the ratio of what inflates`, async () => {
      const gateway = await startGateway({ runtime, flags });
      const { port, adminPort } = gateway.info;

      const patient = await RawClient.open(port, { headers: extensions });
      const fragments = (count: number): void => {
        for (let index = 0; index < count; index++) {
          const fin = index === count - 1;
          patient.send({ opcode: index === 0 ? 1 : 0, fin, payload: "x" });
        }
      };
      fragments(10);
      patient.send({ opcode: 9, payload: "still here" });
      assert.equal((await patient.frame()).payload.toString(), "still here");
      // Below 64 KiB any ratio will do.
      const small = deflateRawSync(Buffer.alloc(60_000));
      patient.send({ opcode: 2, reserved: 4, payload: small });
      patient.send({ opcode: 9, payload: "here too" });
      assert.equal((await patient.frame()).payload.toString(), "here too");
      fragments(11);
      const cut = await patient.closeFrame();
      assert.deepEqual(cut, { code: 1008, reason: "message-fragments" });

      const bomber = await RawClient.open(port, { headers: extensions });
      const bomb = deflateRawSync(Buffer.alloc(900_000));
      bomber.send({ opcode: 2, reserved: 4, payload: bomb });
      const refused = await bomber.closeFrame();
      assert.deepEqual(refused, { code: 1009, reason: "message-inflate-ratio" });

      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      assert.match(metrics, /^wss_errors_total\{code="message-fragments"\} 1$/m);
      assert.match(metrics, /^wss_errors_total\{code="message-inflate-ratio"\} 1$/m);
      assert.match(metrics, /^wss_connections_closed_total\{cause="limit"\} 2$/m);
      for (const client of [patient, bomber]) client.destroy();
    });
  }
});
