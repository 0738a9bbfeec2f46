import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type GatewayProcess, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { patience, waitFor } from "../../support/process/wait.ts";

let broker: Mosquitto;
let gateway: GatewayProcess & { readonly info: Started };
let origin: Origin;

before(async () => {
  broker = await Mosquitto.start();
  origin = await connectOrigin({ broker: broker.url() });
  gateway = await startGateway({ flags: ["--broker", broker.url()], kept: true });
});

after(async () => {
  await origin.close();
  await gateway[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

test("a handler that asks while its origin leaves is answered at once", async () => {
  const answers: unknown[] = [];
  let leave = (): void => {};
  const leaving = new Promise<void>((resolve) => {
    leave = resolve;
  });
  let begun = false;
  origin.on("message", async ({ connection }) => {
    begun = true;
    await leaving;
    answers.push(await connection.sendWithReply("told"));
    answers.push((await origin.count()).count);
    answers.push(await connection.join("g"));
    answers.push((await origin.group("g").publishWithReply("all")).sent);
    answers.push((await origin.connections({ ids: connection })).connections.length);
  });
  const client = await RawClient.open(gateway.info.port);
  client.text("hello");
  await waitFor(() => begun, { what: "the handler" });
  const closing = origin.close();
  const told = (): boolean => gateway.log.some(({ event }) => event === "origin-leaving");
  await waitFor(told, { what: "the node to know that it leaves" });
  const before = Date.now();
  leave();
  await closing;
  const took = Date.now() - before;
  assert.deepEqual(answers, ["sent", 1, "joined", 1, 1]);
  assert.ok(took < 4_000 * patience(), `${took} ms`);
  for (const text of ["told", "all"]) assert.equal(await client.nextText(), text);
  client.destroy();
});
