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

test("an origin that is killed gets what it had not confirmed, in order", async () => {
  let origin = await BatchServer.start();
  const { port } = origin;
  const flags = ["--origin", origin.url, "--origin-format", "batch"];
  const gateway = await startGateway({ flags });
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => NumberedClient.open(gateway.info.port)),
  );
  const told: (readonly unknown[])[] = [];
  try {
    for (let round = 0; round < 4; round++) {
      for (let message = 0; message < 50; message++) for (const client of clients) client.say();
      await waitFor(() => origin.itemsOf("message").length > 20);
      origin.kill("SIGKILL");
      await origin[Symbol.asyncDispose]();
      told.push(...origin.items);
      origin = await BatchServer.start(port);
    }
    await waitFor(() => clients.every(({ complete }) => complete), { deadline: 30_000 });
    for (const [index, client] of clients.entries()) client.check(`client ${index}`);
    checkOrder([...told, ...origin.items]);
  } finally {
    await origin[Symbol.asyncDispose]();
    for (const { client } of clients) client.destroy();
  }
});

test("an origin that is gone for long leaves, and gets all of it when it is back", async () => {
  let origin = await BatchServer.start();
  const { port } = origin;
  const flags = ["--origin", origin.url, "--origin-format", "batch", "--origin-retry", "300ms"];
  const gateway = await startGateway({ flags });
  const client = await NumberedClient.open(gateway.info.port);
  client.say();
  await waitFor(() => client.complete);
  origin.kill("SIGKILL");
  await origin[Symbol.asyncDispose]();
  for (let message = 0; message < 20; message++) client.say();
  await gateway.event("origin-unreachable");
  await gateway.event("origin-left");
  origin = await BatchServer.start(port);
  try {
    await gateway.event("origin-reachable");
    await waitFor(() => client.complete);
    client.check("the client");
    assert.equal(origin.items.find(([, id]) => id !== undefined)?.[0], "assigned");
  } finally {
    await origin[Symbol.asyncDispose]();
    client.client.destroy();
  }
});

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

test("an origin that refuses every second request loses nothing", async () => {
  await using origin = await BatchServer.start(0, "flapping");
  const flags = ["--origin", origin.url, "--origin-format", "batch"];
  const gateway = await startGateway({ flags });
  const client = await NumberedClient.open(gateway.info.port);
  for (let message = 0; message < 20; message++) {
    client.say();
    await waitFor(() => client.complete);
  }
  client.check("the client");
  checkOrder(origin.items);
  client.client.destroy();
});

for (const mode of ["failing", "hanging"]) {
  test(`one event that an origin is ${mode} at ends its connection, not the others`, async () => {
    await using origin = await BatchServer.start(0, mode);
    const flags = ["--origin", origin.url, "--origin-format", "batch", "--origin-retry", "1s"];
    await using gateway = await startGateway({ flags: [...flags, "--origin-timeout", "500ms"] });
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => NumberedClient.open(gateway.info.port)),
    );
    const poisoner = await RawClient.open(gateway.info.port, { path: "/poisoner" });
    for (const client of clients) client.say();
    poisoner.text("poison");
    for (let message = 0; message < 20; message++) for (const client of clients) client.say();
    assert.deepEqual(await poisoner.closeFrame(), { code: 1013, reason: "origin-failed" });
    poisoner.destroy();
    await waitFor(() => clients.every(({ complete }) => complete));
    for (const [index, client] of clients.entries()) client.check(`client ${index}`);
    const close = await waitFor(() => origin.itemsOf("close")[0], { what: "its close" });
    assert.deepEqual(close.slice(2, 6), [2, 1013, "origin-failed", "error"]);
    const counted = 'wss_errors_total{code="origin-failed"}';
    assert.equal(await metricOf(gateway, counted), 1);
    for (const event of ["origin-unreachable", "origin-failed", "origin-left"]) {
      assert.equal(gateway.log.filter((line) => line.event === event).length, 1, event);
    }
    for (const { client } of clients) client.destroy();
  });
}

test("the example echoes", async () => {
  await using example = new Program(bunProgram, ["examples/batch-echo/main.ts", "0"]);
  const url = await example.line((line) => /http:\S+/.exec(line)?.[0], "its URL");
  const gateway = await startGateway({ flags: ["--origin", url, "--origin-format", "batch"] });
  const client = await RawClient.open(gateway.info.port);
  client.text("hello");
  assert.equal(await client.nextText(), "hello");
  client.destroy();
});
