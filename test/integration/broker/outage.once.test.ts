import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

test("open mode: a broker that was killed loses no event of its subscribers", async () => {
  const broker = await Mosquitto.start();
  after(() => broker[Symbol.asyncDispose]());
  const gateway = await startGateway({ flags: ["--broker", broker.url()] });
  const origin = await PlainOrigin.connect(broker.url());
  const client = await RawClient.open(gateway.info.port);
  const [, id] = await origin.nextOf("open");
  let sent = 0;
  let talking = true;
  const talk = (async () => {
    for (; talking; await setTimeout(5)) client.text(`m${++sent}`);
  })();
  for (let round = 0; round < 3; round++) {
    const before = sent;
    await waitFor(() => sent > before + 20);
    await broker.kill();
    const away = sent;
    await waitFor(() => sent > away + 20);
    await broker.restart();
    const received = origin.events.length;
    await waitFor(() => origin.events.length > received + 20);
  }
  talking = false;
  await talk;
  for (let seq = 1; seq <= sent; seq++) {
    assert.deepEqual(await origin.nextOf("message"), ["message", id, seq, `m${seq}`]);
  }
  client.destroy();
  await origin.end();
});

test("open mode: what nobody receives is counted", async () => {
  const broker = await Mosquitto.start();
  after(() => broker[Symbol.asyncDispose]());
  const gateway = await startGateway({ flags: ["--broker", broker.url()] });
  const client = await RawClient.open(gateway.info.port);
  const url = `http://127.0.0.1:${gateway.info.adminPort}/metrics`;
  await waitFor(async () =>
    (await (await fetch(url)).text()).includes('wss_errors_total{code="no-subscriber"} 1\n'),
  );
  client.destroy();
});
