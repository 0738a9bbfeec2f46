import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { BatchServer } from "../../support/http/batch-server.ts";
import { checkOrder, NumberedClient } from "../../support/http/talk.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

for (const runtime of gatewayRuntimes) {
  test(`batches over HTTP without a broker: ${runtime}`, async () => {
    await using origin = await BatchServer.start();
    const flags = ["--origin", origin.url, "--origin-format", "batch"];
    const gateway = await startGateway({
      runtime,
      flags: [...flags, "--authorize", "origin", "--drain-period", "0"],
      env: { WSS_ORIGIN_SECRET: "a secret" },
    });
    const refused = await RawClient.connect(gateway.info.port);
    refused.write(
      "GET /out HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const answer = await refused.wholeAnswer();
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.body, "who are you?");

    const client = await RawClient.open(gateway.info.port, { path: "/in" });
    for (const text of ["one", 'two "quoted" \\ é', "x".repeat(70_000)]) {
      client.text(text);
      assert.equal(await client.nextText(), text);
    }
    assert.equal(await metricOf(gateway, 'wss_origin_connections{app="default"}'), 1);
    const unconfirmed = 'wss_origin_unconfirmed_bytes{app="default"}';
    await waitFor(async () => (await metricOf(gateway, unconfirmed)) === 0);
    const [, , , info] = await waitFor(() => origin.itemsOf("open")[0]);
    assert.equal((info as { user: string }).user, "ann");
    assert.ok(origin.requests.every(({ signed }) => signed));

    gateway.kill("SIGTERM");
    assert.equal((await client.closeFrame())?.code, 1012);
    client.destroy();
    assert.equal((await gateway.exited).code, 0);
    const [close] = origin.itemsOf("close");
    assert.deepEqual(close?.slice(3, 6), [1012, "service restart", "drain"]);
    checkOrder(origin.items);
  });
}

test("an origin that hangs stops the reading of clients, and nothing is lost", async () => {
  await using origin = await BatchServer.start();
  const flags = ["--origin", origin.url, "--origin-format", "batch", "--origin-timeout", "1s"];
  const gateway = await startGateway({ flags: [...flags, "--origin-window", "50"] });
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => NumberedClient.open(gateway.info.port)),
  );
  origin.kill("SIGSTOP");
  for (let message = 0; message < 200; message++) for (const client of clients) client.say();
  const metrics = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`)).text();
  // A window is compared with every further message: what one turn brings is not counted yet.
  await waitFor(async () => {
    for (const client of clients) client.say();
    return /wss_reading_paused [1-9]/.test(await metrics());
  });
  await waitFor(async () => /wss_errors_total{code="http-timeout"} [1-9]/.test(await metrics()));
  assert.match(await metrics(), /wss_origin_unconfirmed_bytes{app="default"} [1-9]/);
  origin.kill("SIGCONT");
  await waitFor(() => clients.every(({ complete }) => complete));
  for (const [index, client] of clients.entries()) client.check(`client ${index}`);
  checkOrder(origin.items);
  for (const { client } of clients) client.destroy();
});

test("the example echoes", async () => {
  await using example = new Program(bunProgram, ["examples/batch-echo/main.ts", "0"]);
  const url = await example.line((line) => /http:\S+/.exec(line)?.[0], "its URL");
  const gateway = await startGateway({ flags: ["--origin", url, "--origin-format", "batch"] });
  const client = await RawClient.open(gateway.info.port);
  client.text("hello");
  assert.equal(await client.nextText(), "hello");
  client.destroy();
});
