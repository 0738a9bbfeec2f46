import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { GatewayProcess, gatewayRuntimes, sourceCommand } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { Collector } from "../../support/traces/collector.ts";

const folder = temporaryFolder();

const program = "dist/websocket-service.js";
const tracing = "dist/websocket-service-tracing.js";

/** The gateway's source and programs, with every package but those of OpenTelemetry. */
before(() => {
  for (const source of ["core", "wasm", "adapters", "runtimes", "examples"]) {
    cpSync(source, join(folder, source), { recursive: true });
  }
  for (const file of ["deno.json", "package.json", "tsconfig.json"]) {
    copyFileSync(file, join(folder, file));
  }
  mkdirSync(join(folder, "dist"));
  copyFileSync(program, join(folder, program));
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync("node_modules")) {
    if (name === "@opentelemetry") continue;
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
});

function start(
  runtime: (typeof gatewayRuntimes)[number],
  env: Readonly<Record<string, string>>,
): GatewayProcess {
  const [first, ...words] = sourceCommand(runtime);
  const flags = ["serve", "--port", "0", "--admin-port", "0"];
  const gateway = new GatewayProcess(resolve(first), [...words, ...flags], {
    cwd: folder,
    env: { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json", ...env },
  });
  after(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

async function echo(gateway: GatewayProcess): Promise<void> {
  const { port, brokerPort } = await gateway.started;
  const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${brokerPort}`);
  after(() => origin.end());
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const client = await RawClient.open(port, { headers: { traceparent } });
  client.text("hello");
  const [, id, ...rest] = await origin.nextOf("message");
  assert.deepEqual(rest, [1, "hello"]);
  await origin.command(undefined, ["send", id, "hello", { trace: traceparent }]);
  assert.equal(await client.nextText(), "hello");
  client.destroy();
}

for (const runtime of gatewayRuntimes) {
  test(`${runtime}: without an endpoint OpenTelemetry need not be there`, async () => {
    const gateway = start(runtime, {});
    await echo(gateway);
    const { adminPort } = await gateway.started;
    const page = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    assert.doesNotMatch(page, /wss_spans/);
    assert.equal((await gateway.stop()).code, 0);
  });

  test(`${runtime}: with an endpoint it is what is missing`, async () => {
    await failsFor(runtime);
  });
}

for (const runtime of gatewayRuntimes.filter((one) => one !== "node")) {
  test(`${runtime}: packages of another version are told like missing ones`, async () => {
    const packages = join(folder, "node_modules/@opentelemetry");
    after(() => rmSync(packages, { recursive: true, force: true }));
    for (const name of readdirSync("node_modules/@opentelemetry")) {
      mkdirSync(join(packages, name), { recursive: true });
      const about = { name: `@opentelemetry/${name}`, version: "0.0.1", exports: "./index.js" };
      writeFileSync(join(packages, name, "package.json"), JSON.stringify(about));
      writeFileSync(join(packages, name, "index.js"), "exports.trace = {};\n");
    }
    await failsFor(runtime);
    rmSync(packages, { recursive: true });
  });
}

/** One line says what is wrong, and what to do. */
async function failsFor(runtime: (typeof gatewayRuntimes)[number]): Promise<void> {
  const gateway = start(runtime, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
  assert.equal((await gateway.exited).code, 1, gateway.output);
  const failed = gateway.log.filter(({ level }) => level === "error");
  assert.deepEqual(
    failed.map(({ event, code, stack }) => [event, code, stack]),
    [["failed", "trace-packages", undefined]],
    gateway.output,
  );
  assert.match(
    String(failed[0]?.message),
    /cannot be used \(.+\): install again .* or unset OTEL_/,
  );
}

test("node: two files, and no package, export traces", async () => {
  const alone = temporaryFolder();
  mkdirSync(join(alone, "dist"));
  copyFileSync("package.json", join(alone, "package.json"));
  for (const file of [program, tracing]) copyFileSync(file, join(alone, file));
  const collector = await Collector.start();
  after(() => collector.stop());
  const [first, ...words] = sourceCommand("node");
  const flags = ["serve", "--port", "0", "--admin-port", "0", "--drain-period", "0ms"];
  const env = { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json", ...collector.environment };
  const gateway = new GatewayProcess(first, [...words, ...flags], { cwd: alone, env });
  after(() => gateway[Symbol.asyncDispose]());
  const client = await RawClient.open((await gateway.started).port);
  client.destroy();
  await collector.named("publish close");
  assert.equal((await gateway.stop()).code, 0);
});
