import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startWebSocketServer } from "../../support/clients/websocket-server.ts";
import { GatewayProcess } from "../../support/gateway/gateway.ts";
import { WorkersRig } from "../../support/gateway/workers-rig.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { waitFor, within } from "../../support/process/wait.ts";
import { Collector } from "../../support/traces/collector.ts";

const folder = temporaryFolder();
const program = join(folder, "websocket-service");

before(async () => {
  const flags = ["--compile", "--minify", "runtimes/bun/main.ts", "--outfile", program];
  const compiler = new Program(bunProgram, ["build", ...flags]);
  const exit = await within(compiler.exited, { deadline: 60_000, what: "the executable" });
  assert.equal(exit.code, 0, compiler.output);
});

for (const engine of ["native", "wasm"]) {
  test(`the single executable has workers, engine ${engine}`, async (context) => {
    const flags = ["serve", "--port", "0", "--admin-port", "0", "--drain-period", "0ms"];
    flags.push("--workers", "2", "--node-name", "edge-1", "--engine", engine);
    const env = { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json" };
    // Elsewhere than in the repository, whose files it must not need.
    const gateway = new GatewayProcess(program, flags, { cwd: folder, env });
    context.after(() => gateway[Symbol.asyncDispose]());
    const rig = await WorkersRig.over(Object.assign(gateway, { info: await gateway.started }));
    context.after(() => rig.stop());
    await rig.fill(1, "edge-1-0", "edge-1-1");
    await rig.echo(rig.visitors);
    process.kill(rig.pidOf(1), "SIGKILL");
    const lost = rig.of("edge-1-1").length;
    await waitFor(() => rig.endings.length === lost, { what: "the losses" });
    await rig.started(1, 2);
    await rig.fill(lost + 1, "edge-1-1");
    await rig.echo([...rig.of("edge-1-0"), ...rig.of("edge-1-1").slice(lost)]);
    assert.equal((await gateway.stop()).code, 0);
  });
}

test("the single executable exports traces", async () => {
  const collector = await Collector.start();
  after(() => collector.stop());
  const flags = ["serve", "--port", "0", "--admin-port", "0", "--drain-period", "0ms"];
  const env = { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json", ...collector.environment };
  const gateway = new GatewayProcess(program, flags, { cwd: folder, env });
  after(() => gateway[Symbol.asyncDispose]());
  const client = await RawClient.open((await gateway.started).port);
  client.destroy();
  await collector.named("publish close");
  assert.equal((await gateway.stop()).code, 0);
});

test("the single executable is a client, too", async () => {
  const server = await startWebSocketServer();
  const words = ["connect", server.url, "--execute", "hello", "--count", "1"];
  const client = new Program(program, words, { cwd: folder });
  assert.deepEqual(await client.exited, { code: 0, signal: null }, client.output);
  assert.ok(client.lines.includes("hello"), client.output);
});

test("worker is no command for people", async () => {
  const said = new Program(program, ["worker"]);
  assert.deepEqual(await said.exited, { code: 2, signal: null });
  assert.match(said.output, /^unknown command worker; .*allowed: dev, serve, bridge/);
});
