import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { freePort, Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnCommand,
  spawnGateway,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { waitFor } from "../../support/process/wait.ts";

function run(runtime: GatewayRuntime, ...words: readonly string[]): Program {
  return spawnCommand([...words], { runtime });
}

describe("the command line", { concurrency: 4 }, () => {
  for (const runtime of gatewayRuntimes) {
    test(`wrong usage ends with 2 and what is right, on ${runtime}`, async () => {
      const cases: readonly [words: string[], line: RegExp][] = [
        [["serve", "--port", "99999"], /--port: "99999" is not allowed; .* from 0 to 65535/],
        [["serve", "--prot", "1"], /unknown flag --prot/],
        [["fly"], /unknown command fly; allowed: dev, serve/],
        [["serve", "--broker", "mqtt://127.0.0.1:99999"], /--broker: "mqtt:.* is not allowed/],
        [["serve", "--broker", "mqtt://127.0.0.1:0"], /--broker: "mqtt:.* is not allowed/],
        [
          ["serve", "--cluster", "http", "--peers", "http://10.0.0.1:8083"],
          /^--cluster-secret is missing/,
        ],
        [["dev", "--workers", "2"], /^--workers is for serve: dev is one process$/],
        [["serve", "--config", "/nowhere.json"], /--config: \/nowhere\.json cannot be read/],
      ];
      // What is said is the same on each: that it is said, and at which end, is not.
      for (const [words, line] of runtime === gatewayRuntimes[0] ? cases : cases.slice(0, 3)) {
        const program = run(runtime, ...words);
        assert.deepEqual(await program.exited, { code: 2, signal: null }, program.output);
        assert.equal(program.lines.length, 1, program.output);
        assert.match(program.output, line);
      }
    });

    test(`a proxy of the environment that cannot be used ends with 2, on ${runtime}`, async () => {
      const [program, ...first] = gatewayCommand(runtime);
      const env = { HTTPS_PROXY: "socks5://user:secret@127.0.0.1:1" };
      const words = [...first, "serve", "--origin", "https://origin.example/"];
      const running = new Program(program, words, { env });
      after(() => running[Symbol.asyncDispose]());
      assert.deepEqual(await running.exited, { code: 2, signal: null }, running.output);
      assert.equal(running.output.trim(), "HTTPS_PROXY: must be the http:// URL of a proxy");
    });

    test(`a port in use ends with 1 and one clear line, on ${runtime}`, async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      after(() => taken.close());
      await new Promise((resolve) => taken.once("listening", resolve));
      const { port } = taken.address() as { port: number };
      for (const flag of ["--port", "--admin-port", "--broker-port"]) {
        const flags = ["--host", "127.0.0.1", flag, String(port)];
        const gateway = spawnGateway({ runtime, flags });
        assert.deepEqual(await gateway.exited, { code: 1, signal: null }, flag);
        const [line, ...more] = gateway.log.filter((entry) => entry.level === "error");
        assert.equal(line?.code, "port-in-use", gateway.output);
        assert.match(line?.message as string, new RegExp(`${port}`));
        assert.equal(more.length, 0);
      }
    });

    test(`a port that cannot be opened ends with 1 and one line, on ${runtime}`, async () => {
      // RFC 5737: an address that no machine has.
      for (const flag of ["--host", "--admin-host"]) {
        const gateway = spawnGateway({ runtime, flags: [flag, "192.0.2.1"] });
        assert.deepEqual(await gateway.exited, { code: 1, signal: null }, gateway.output);
        assert.match(gateway.output, /cannot listen on 192\.0\.2\.1, port \d+: /);
      }
    });

    test(`a broker that refuses ends with 1, its password not logged, on ${runtime}`, async () => {
      await using broker = await Mosquitto.start({ users: { right: "word" } });
      const flags = ["--broker", broker.url("right", "hush-hush")];
      const gateway = spawnGateway({ runtime, flags });
      assert.deepEqual(await gateway.exited, { code: 1, signal: null });
      assert.ok(
        gateway.log.some((line) => line.code === "broker-refused"),
        gateway.output,
      );
      assert.doesNotMatch(gateway.output, /hush/);
      assert.equal(gateway.lines.length, 1, gateway.output);
      const accepted = await startGateway({
        runtime,
        flags: ["--broker", broker.url("right", "word")],
      });
      assert.equal((await accepted.stop()).code, 0);
      assert.doesNotMatch(accepted.output, /word/);
    });

    test(`a broker that is not there yet is waited for, on ${runtime}`, async () => {
      const port = await freePort();
      const flags = ["--broker", `mqtt://127.0.0.1:${port}`];
      const gateway = await startGateway({ runtime, flags });
      const unreachable = gateway.log.filter((line) => line.event === "broker-unreachable");
      assert.equal(unreachable.length, 1, gateway.output);
      const status = async (path: string): Promise<number> =>
        (await fetch(`http://127.0.0.1:${gateway.info.adminPort}${path}`)).status;
      assert.equal(await status("/healthz"), 200);
      assert.equal(await status("/readyz"), 503);
      await using broker = await Mosquitto.start({ port });
      await waitFor(async () => (await status("/readyz")) === 200);
      const origin = await PlainOrigin.connect(broker.url());
      const client = await RawClient.open(gateway.info.port);
      assert.equal((await origin.nextOf("open"))[0], "open");
      client.destroy();
      await origin.end();
      assert.equal((await gateway.stop("SIGINT")).code, 0);
    });

    test(`a second signal ends the program at once, with 1, on ${runtime}`, async () => {
      const gateway = await startGateway({ runtime, flags: ["--drain-period", "1h"] });
      const clients = [
        await RawClient.open(gateway.info.port),
        await RawClient.open(gateway.info.port),
      ];
      gateway.kill("SIGTERM");
      await gateway.event("stopping");
      assert.deepEqual(await gateway.stop("SIGTERM"), { code: 1, signal: null });
      const { level } = await gateway.event("stopped");
      assert.equal(level, "warn");
      for (const client of clients) client.destroy();
    });

    test(`the embedded broker is all that a first run needs, on ${runtime}`, async () => {
      const gateway = await startGateway({ runtime });
      const { port, brokerPort } = gateway.info;
      const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${brokerPort}`);
      const client = await RawClient.open(port);
      client.text("hello");
      const [, id] = await origin.nextOf("open");
      assert.deepEqual(await origin.next(), ["message", id, 1, "hello"]);
      await origin.command(undefined, ["send", id, "world"]);
      assert.equal(await client.nextText(), "world");
      client.destroy();
      await origin.end();
      assert.equal((await gateway.stop()).code, 0);
    });
  }

  test("SIGTERM ends a node cleanly that has never reached its broker", async () => {
    // It keeps its port: a free one might be taken by a broker of another test.
    const nobody = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    after(() => nobody.close());
    await once(nobody, "listening");
    const { port } = nobody.address() as AddressInfo;
    for (const runtime of gatewayRuntimes) {
      const gateway = await startGateway({
        runtime,
        flags: ["--broker", `mqtt://127.0.0.1:${port}`],
      });
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null }, gateway.output);
      assert.ok(!gateway.log.some((line) => line.event === "failed"), gateway.output);
    }
  });

  test("settings come from the file, the environment and flags, in this order", async () => {
    const directory = temporaryFolder();
    const file = join(directory, "config.json");
    await writeFile(
      file,
      JSON.stringify({ app: "from-file", "node-name": "from-file", partitions: 4 }),
    );
    const env = { WSS_NODE_NAME: "from-environment", WSS_APP: "from-environment" };
    const gateway = await startGateway({ flags: ["--config", file, "--app", "from-flag"], env });
    assert.equal(gateway.info.app, "from-flag");
    assert.equal(gateway.info.node, "from-environment");
    const broker = `mqtt://127.0.0.1:${gateway.info.brokerPort}`;
    const origin = await PlainOrigin.connect(broker, "wss/v1/from-flag");
    const clients = [];
    for (let index = 0; index < 8; index++) clients.push(await RawClient.open(gateway.info.port));
    for (const _client of clients) await origin.nextOf("open");
    const topics = new Set(origin.batches.map(({ topic }) => topic));
    const partition = (index: number): string =>
      `wss/v1/from-flag/events/${index}/from-environment`;
    assert.deepEqual([...topics].sort(), [0, 1, 2, 3].map(partition));
    for (const client of clients) client.destroy();
    await origin.end();
  });

  test("events are JSON where the setting says so", async () => {
    const gateway = await startGateway({ flags: ["--event-format", "json"] });
    const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${gateway.info.brokerPort}`);
    const client = await RawClient.open(gateway.info.port);
    client.text('a "text"');
    client.send({ opcode: 2, payload: Buffer.from([1, 2, 3]) });
    const [, id] = await origin.nextOf("open");
    assert.deepEqual(await origin.next(), ["message", id, 1, 'a "text"']);
    assert.deepEqual(await origin.next(), ["message", id, 2, { $binary: "AQID" }]);
    assert.ok(origin.batches.every(({ payload }) => payload[0] === 0x5b));
    client.destroy();
    await origin.end();
  });

  test("alive batches name the connections that stand", async () => {
    const gateway = await startGateway({ flags: ["--keep-alive-interval", "1s"] });
    const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${gateway.info.brokerPort}`);
    const client = await RawClient.open(gateway.info.port);
    const [, id] = await origin.nextOf("open");
    assert.deepEqual(await origin.nextOf("alive"), ["alive", [id]]);
    client.destroy();
    await origin.end();
  });

  test("--version shows the version of package.json", async () => {
    const version = run("node", "--version");
    assert.equal((await version.exited).code, 0);
    const { version: expected } = JSON.parse(await readFile("package.json", "utf8"));
    assert.deepEqual(version.lines, [expected]);
  });
});
