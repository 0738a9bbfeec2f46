import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  combinations,
  gatewayRuntimes,
  type Started,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { waitFor } from "../../support/process/wait.ts";
import { Listener, ServiceClient } from "../../support/service-port/service-client.ts";

const folder = temporaryFolder();
const file = join(folder, "credentials");
const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG" };
const lines = [
  "[back-end]",
  `aws_access_key_id = ${key.accessKeyId}`,
  `aws_secret_access_key = ${key.secretAccessKey}`,
];
writeFileSync(file, lines.join("\n"));
const token = "s3cret-s3cret";
const flags = ["--service-port", "0", "--aws-access-keys-file", file];

function sdk(info: Started, credentials = key, stage = "prod"): ApiGatewayManagementApiClient {
  const client = new ApiGatewayManagementApiClient({
    endpoint: `http://127.0.0.1:${info.servicePort}/${stage}`,
    region: "eu-central-1",
    credentials,
    maxAttempts: 1,
  });
  after(() => client.destroy());
  return client;
}

/** The name of the error that the SDK throws; undefined where it throws none. */
async function errorOf(sent: Promise<unknown>): Promise<string | undefined> {
  return sent.then(
    () => undefined,
    (error: Error) => error.name,
  );
}

for (const runtime of gatewayRuntimes) {
  test(`AWS's SDK works unmodified, on ${runtime}`, async () => {
    const env = { WSS_SERVICE_TOKEN: token };
    const options = { runtime, env, flags: [...flags] };
    const { info } = await startGateway(options);
    const listener = await Listener.open(info);
    const own = new ServiceClient(info, { authorization: `Bearer ${token}` });
    const [ConnectionId = ""] = await own.ids();
    const client = sdk(info);
    await client.send(new PostToConnectionCommand({ ConnectionId, Data: "hello" }));
    assert.deepEqual(await listener.has(1), ["hello"]);
    for (const stage of ["", "prod/"]) {
      const other = sdk(info, key, stage);
      await other.send(new PostToConnectionCommand({ ConnectionId, Data: stage || "none" }));
    }
    assert.deepEqual(await listener.has(3), ["hello", "none", "prod/"]);
    const told = await client.send(new GetConnectionCommand({ ConnectionId }));
    assert.deepEqual(told.Identity, { SourceIp: "127.0.0.1", UserAgent: "listener/1" });
    assert.ok(told.ConnectedAt instanceof Date && told.LastActiveAt instanceof Date);

    const Data = "x".repeat(131_073);
    const long = client.send(new PostToConnectionCommand({ ConnectionId, Data }));
    assert.equal(await errorOf(long), "PayloadTooLargeException");
    const forger = sdk(info, { ...key, secretAccessKey: "another" });
    const forged = forger.send(new PostToConnectionCommand({ ConnectionId, Data: "x" }));
    assert.equal(await errorOf(forged), "ForbiddenException");

    const closed = listener.closed();
    await client.send(new DeleteConnectionCommand({ ConnectionId }));
    assert.equal(await closed, 1000);
    const late = await waitFor(async () => {
      return errorOf(client.send(new PostToConnectionCommand({ ConnectionId, Data: "x" })));
    });
    assert.equal(late, "GoneException");
    const former = new GetConnectionCommand({ ConnectionId: "L0SM9cOFvHcCIhw=" });
    assert.equal(
      await errorOf(client.send(former)),
      "GoneException",
      "an id of API Gateway's own",
    );
    assert.deepEqual(listener.got, ["hello", "none", "prod/"]);
  });
}

for (const { runtime, engine } of combinations) {
  // The engine decides about a slow client; Bun's and Deno's own are the ones that differ.
  if (runtime !== "node" && engine === "wasm") continue;
  test(`a slow client is LimitExceededException, on ${runtime}, ${engine}`, async () => {
    const limits = ["--send-queue-size", "131072", "--engine", engine];
    const { info } = await startGateway({ runtime, flags: ["--service-port", "0", ...limits] });
    const reader = await RawClient.open(info.port);
    after(() => reader.destroy());
    reader.socket.pause();
    const [ConnectionId = ""] = await new ServiceClient(info).ids();
    const client = sdk(info);
    const Data = "x".repeat(100_000);
    const errors = new Set<string>();
    // Some of them are in flight at once, so that they wait for the kernel together.
    const send = async (): Promise<void> => {
      while (!errors.has("GoneException")) {
        const error = await errorOf(
          client.send(new PostToConnectionCommand({ ConnectionId, Data })),
        );
        if (error !== undefined) errors.add(error);
      }
    };
    await Promise.all(Array.from({ length: 16 }, send));
    assert.deepEqual([...errors].sort(), ["GoneException", "LimitExceededException"]);
  });
}
