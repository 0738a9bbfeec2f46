import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { serveHttp } from "../../../../../adapters/http/mod.ts";
import { createServiceApp, parseAccessKeys } from "../../../../../adapters/service-port/mod.ts";
import { MemoryPort } from "../../../../support/service-port/memory-port.ts";

const accessKeys = parseAccessKeys(
  "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wJalrXUtnFEMI",
);
const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI" };

/** The SDK as a back end uses it, with its endpoint set to a service port. */
async function rig(options: { readonly now?: () => number; readonly secret?: string } = {}) {
  const port = new MemoryPort("n1");
  const { now = Date.now, secret = key.secretAccessKey } = options;
  const app = createServiceApp({
    port,
    token: "",
    accessKeys,
    sizes: { publishBytesMax: 1e6, sendQueueBytesMax: 1e6 },
    version: "1",
    now,
    refused: () => {},
  });
  const server = await serveHttp(app, { port: 0 });
  const client = new ApiGatewayManagementApiClient({
    endpoint: `http://127.0.0.1:${server.port}/prod`,
    region: "eu-central-1",
    credentials: { ...key, secretAccessKey: secret },
    maxAttempts: 1,
  });
  after(async () => {
    client.destroy();
    await server.close();
  });
  return { port, client };
}

/** The error that the SDK throws, by its class and status. */
async function thrown(sent: Promise<unknown>): Promise<unknown[]> {
  const error = await sent.then(
    () => assert.fail("it was accepted"),
    (error: { name: string; $metadata: { httpStatusCode: number } }) => error,
  );
  return [error.name, error.$metadata.httpStatusCode];
}

test("AWS's SDK sends, asks and closes", async () => {
  const { port, client } = await rig();
  const id = port.open("a_-b");
  await client.send(new PostToConnectionCommand({ ConnectionId: id, Data: "hello" }));
  const Data = new Uint8Array([0xff, 1]);
  await client.send(new PostToConnectionCommand({ ConnectionId: id, Data }));
  assert.deepEqual(port.connections.get(id)?.got, ["hello", Data]);
  const told = await client.send(new GetConnectionCommand({ ConnectionId: id }));
  assert.deepEqual(told.ConnectedAt, new Date(1_000));
  assert.deepEqual(told.LastActiveAt, new Date(2_500));
  assert.deepEqual(told.Identity, { SourceIp: "192.0.2.7", UserAgent: "test/1" });
  await client.send(new DeleteConnectionCommand({ ConnectionId: id }));
  assert.deepEqual(port.connections.get(id)?.closed, [1000, ""]);
});

test("AWS's SDK throws its own errors", async () => {
  const { port, client } = await rig();
  const post = (ConnectionId: string, Data = "x"): Promise<unknown> =>
    client.send(new PostToConnectionCommand({ ConnectionId, Data }));
  assert.deepEqual(await thrown(post("n1.gone")), ["GoneException", 410]);
  assert.deepEqual(await thrown(post("n2.other")), ["GoneException", 410]);
  const id = port.open("a");
  const long = "x".repeat(131_073);
  assert.deepEqual(await thrown(post(id, long)), ["PayloadTooLargeException", 413]);
  const full = port.open("full", { outcome: "slow", closing: true });
  assert.deepEqual(await thrown(post(full)), ["LimitExceededException", 429]);
  assert.deepEqual(port.connections.get(id)?.got, []);
});

test("AWS's SDK with another key, or at another time, is forbidden", async () => {
  for (const options of [{ secret: "other" }, { now: () => Date.now() + 301_000 }]) {
    const { port, client } = await rig(options);
    const ConnectionId = port.open("a");
    const sent = client.send(new PostToConnectionCommand({ ConnectionId, Data: "x" }));
    assert.deepEqual(await thrown(sent), ["ForbiddenException", 403]);
    assert.deepEqual(port.calls, []);
  }
});
