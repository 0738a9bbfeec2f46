import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { combinations, gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { WorkersRig } from "../../support/gateway/workers-rig.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { secret, secretBytes, sign } from "../../support/keys/tokens.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { ServiceClient } from "../../support/service-port/service-client.ts";

const skip = skipWithout("mosquitto");
const workers = ["--workers", "2", "--node-name", "edge-1", "--drain-period", "0ms"];

describe("what workers share", { concurrency: 3 }, () => {
  for (const runtime of gatewayRuntimes) {
    it(`the service port reaches connections of all of them, on ${runtime}`, async (context) => {
      const flags = [...workers, "--service-port", "0"];
      const gateway = await startGateway({ runtime, flags });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(2, "edge-1-0", "edge-1-1");
      const ids = rig.visitors.map(({ connection }) => connection.id);
      const service = new ServiceClient(gateway.info);
      assert.deepEqual(new Set(await service.ids()), new Set(ids));
      // The supervisor is no node that could answer.
      const [counted] = await service.run(["query", "@all", { count: true }]);
      assert.deepEqual([counted?.count, counted?.missing], [ids.length, []]);
      const outcomes = await service.run(["send", ids, "from the service port"]);
      assert.deepEqual(outcomes, [Object.fromEntries(ids.map((id) => [id, "sent"]))]);
      for (const { client } of rig.visitors) {
        assert.equal(await client.nextText(), "from the service port");
      }
      // It is the supervisor's, so a worker may die.
      process.kill(rig.pidOf(0), "SIGKILL");
      await waitFor(() => rig.endings.length === rig.of("edge-1-0").length);
      const left = rig.of("edge-1-1").map(({ connection }) => connection.id);
      assert.deepEqual(new Set(await service.ids()), new Set(left));
      const refused = await fetch(`http://127.0.0.1:${gateway.info.servicePort}/nothing`);
      assert.equal(refused.status, 404);
      const metrics = await rig.metrics();
      const series = 'wss_errors_total{code="request-path"';
      assert.equal(metrics.get(`${series}}`), 1);
      const supervisor = 'node="edge-1",worker="supervisor"';
      assert.equal(metrics.get(`${series},${supervisor}}`), 1);
      for (const spent of ["process_resident_memory_bytes", "process_cpu_seconds_total"]) {
        assert.ok((metrics.get(`${spent}{${supervisor}}`) ?? 0) > 0, spent);
      }
      assert.equal(await rig.end(), 0);
    });

    it(`each of them has the settings and their secrets, on ${runtime}`, async (context) => {
      const flags = [...workers, "--engine", "wasm", "--authorize", "jwt"];
      flags.push("--proxy-protocol", "--trusted-proxies", "127.0.0.1");
      // A secret of the environment, which workers do not read.
      const env = { WSS_JWT_SECRET: secret };
      const gateway = await startGateway({ runtime, flags, env });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      rig.preface = "PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n";
      for (let times = 0; times < 8; times++) {
        await assert.rejects(rig.enter(), /handshake refused: 401/);
      }
      const exp = Math.floor(Date.now() / 1_000) + 3_600;
      const token = await sign("HS256", secretBytes, { sub: "ann", exp });
      rig.handshake = { headers: { Authorization: `Bearer ${token}` } };
      await rig.fill(1, "edge-1-0", "edge-1-1");
      for (const { connection } of rig.visitors) assert.equal(connection.user, "ann");
      await rig.echo(rig.visitors);
      assert.equal(await rig.end(), 0);
      assert.ok(!gateway.output.includes(secret));
    });

    it(`each of them logs in at the broker as itself, on ${runtime}`, {
      skip,
    }, async (context) => {
      const word = "word";
      const users = { "edge-1-0": word, "edge-1-1": word };
      const broker = await Mosquitto.start({ users });
      context.after(() => broker[Symbol.asyncDispose]());
      const flags = [...workers, "--broker", broker.url("edge-1", word)];
      const gateway = await startGateway({ runtime, flags });
      const answer = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/readyz`);
      assert.deepEqual(await answer.json(), { ready: true, reasons: [] });
      assert.equal((await gateway.stop()).code, 0);
    });

    it(`an HTTP origin gets the events of all of them, on ${runtime}`, async (context) => {
      const seen: string[] = [];
      const server = createServer((request, response) => {
        let body = "";
        request.setEncoding("utf8");
        request.on("data", (chunk: string) => {
          body += chunk;
        });
        request.on("end", () => {
          const [, , , items] = JSON.parse(body) as [1, string, number, [string, string][]];
          for (const [verb, id] of items) seen.push(`${verb} ${id}`);
          response.writeHead(204).end();
        });
      });
      server.listen(0, "127.0.0.1");
      await waitFor(() => server.listening);
      context.after(() => server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const flags = [...workers, "--origin", url, "--origin-format", "batch"];
      flags.push("--origin-name", "web");
      const gateway = await startGateway({ runtime, flags });
      const clients: RawClient[] = [];
      context.after(() => {
        for (const client of clients) client.destroy();
      });
      const nodes = (): Set<string> =>
        new Set(seen.filter((line) => line.startsWith("open ")).map((line) => line.slice(5, 13)));
      while (nodes().size < 2) {
        assert.ok(clients.length < 200, "one worker gets no connections");
        clients.push(await RawClient.open(gateway.info.port));
        await waitFor(
          () => seen.filter((line) => line.startsWith("open ")).length === clients.length,
        );
      }
      assert.deepEqual(nodes(), new Set(["edge-1-0", "edge-1-1"]));
      gateway.kill("SIGTERM");
      for (const client of clients) {
        assert.equal((await client.closeFrame())?.code, 1012);
        client.destroy();
      }
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      const closed = seen.filter((line) => line.startsWith("close "));
      assert.equal(closed.length, clients.length);
      assert.equal(new Set(closed).size, clients.length);
    });
  }
});

describe("SIGHUP to workers", { skip: skipWithout("openssl") }, () => {
  let authority: Authority;

  before(() => {
    authority = new Authority();
  });
  after(() => authority[Symbol.dispose]());

  for (const { runtime, engine } of combinations) {
    it(`has each of them read the certificate again, on ${runtime}, ${engine}`, async () => {
      const file = `workers-${runtime}-${engine}`;
      const { certFile, keyFile } = authority.issue("first", file);
      const tls = ["--tls-cert", certFile, "--tls-key", keyFile, "--engine", engine];
      const gateway = await startGateway({ runtime, flags: [...workers, ...tls] });
      const { port } = gateway.info;
      const kept = await (await RawClient.secure(port, authority.ca)).upgrade();
      authority.issue("second", file);
      gateway.kill("SIGHUP");
      const cannot = runtime === "deno" && engine === "native";
      const event = cannot ? "tls-reload-failed" : "tls-reloaded";
      await waitFor(() => {
        const told = gateway.log.filter((line) => line.event === event);
        return new Set(told.map(({ worker }) => worker)).size === 2;
      });
      const files = /^reloaded: files of the certificate$/;
      assert.match(String((await gateway.event("reloaded")).message), files);
      if (!cannot) {
        for (let times = 0; times < 8; times++) {
          const client = await RawClient.secure(port, authority.ca);
          const { CN } = (client.socket as TLSSocket).getPeerCertificate().subject;
          assert.equal(CN, "second");
          client.destroy();
        }
      }
      kept.send({ opcode: 9, payload: "there?" });
      assert.equal((await kept.frame()).payload.toString(), "there?");
      kept.destroy();
      assert.equal((await gateway.stop()).code, 0);
    });
  }
});
