import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import { after, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  combinations,
  type GatewayProcess,
  gatewayRuntimes,
  type Started,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { JwksServer, json } from "../../support/keys/jwks-server.ts";
import { findProgram, skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

type Gateway = GatewayProcess & { readonly info: Started };

async function scrape({ info }: Gateway): Promise<string> {
  return (await fetch(`http://127.0.0.1:${info.adminPort}/metrics`)).text();
}

/** The value of one series; undefined if there is none. */
async function read(gateway: Gateway, series: string): Promise<number | undefined> {
  const lines = (await scrape(gateway)).split("\n");
  const line = lines.find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function checkByPromtool(page: string): void {
  const promtool = findProgram("promtool");
  assert.ok(promtool);
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: page });
  assert.equal(`${stdout}${stderr}`, "");
  assert.equal(status, 0);
}

for (const { runtime, engine } of combinations) {
  test(`${runtime}, ${engine}: Prometheus's own tool finds no fault with a scrape`, {
    skip: skipWithout("promtool"),
  }, async () => {
    const gateway = await startGateway({ runtime, flags: ["--engine", engine] });
    const client = await RawClient.open(gateway.info.port);
    client.text("a");
    await waitFor(async () => {
      const page = await scrape(gateway);
      return /^wss_event_ack_seconds_count [1-9]/m.test(page);
    });
    checkByPromtool(await scrape(gateway));
    client.destroy();
  });

  test(`${runtime}, ${engine}: the process is told of by the names of Prometheus`, async () => {
    const gateway = await startGateway({ runtime, flags: ["--engine", engine] });
    const { info } = gateway;
    const at = async (series: string): Promise<number> => {
      const value = await read(gateway, series);
      assert.ok(value !== undefined, series);
      return value;
    };
    assert.ok((await at("process_cpu_seconds_total")) > 0);
    assert.ok((await at("process_resident_memory_bytes")) > 10_000_000);
    assert.ok((await at("nodejs_heap_size_used_bytes")) > 100_000);
    assert.ok((await at("nodejs_heap_size_total_bytes")) > 100_000);
    assert.ok((await at("nodejs_external_memory_bytes")) >= 0);
    const [open, most] = [await at("process_open_fds"), await at("process_max_fds")];
    assert.ok(open > 5 && open < most, `${open} of ${most}`);
    const age = Date.now() / 1_000 - (await at("process_start_time_seconds"));
    assert.ok(age > 0 && age < 600, `${age} s`);
    assert.ok((await at("wss_event_loop_lag_seconds")) >= 0);
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    const build = `{engine="${info.engine}",runtime="${runtime}",version="${version}"}`;
    assert.equal(await at(`wss_build_info${build}`), 1);
    const broker = `127.0.0.1:${info.brokerPort}`;
    assert.equal(await at(`wss_broker_up{broker="${broker}"}`), 1);
    for (const link of ["commands", "presence", "events", "origins"]) {
      assert.equal(await at(`wss_broker_link_up{broker="${broker}",link="${link}"}`), 1);
    }
    assert.ok((await at(`wss_broker_round_trip_seconds_count{broker="${broker}"}`)) > 0);
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.open(info.port)));
    await waitFor(async () => (await at("process_open_fds")) >= open + 3);
    for (const client of clients) client.destroy();
  });

  const waiting = "wss_tcp_connections_before_handshake";
  test(`${runtime}, ${engine}: TCP connections before their handshake are counted`, async () => {
    const gateway = await startGateway({ runtime, flags: ["--engine", engine] });
    if (engine === "native") {
      // The servers of these runtimes tell nothing of a stream before its request.
      assert.equal(await read(gateway, waiting), undefined);
      return;
    }
    assert.equal(await read(gateway, waiting), 0);
    const client = await RawClient.open(gateway.info.port);
    const streams = [1, 2].map(() => net.connect(gateway.info.port, "127.0.0.1"));
    for (const stream of streams) stream.on("error", () => {});
    await waitFor(async () => (await read(gateway, waiting)) === 2, { what: "two of three" });
    for (const stream of streams) stream.destroy();
    await waitFor(async () => (await read(gateway, waiting)) === 0, { what: "none" });
    client.destroy();
  });
}

for (const runtime of gatewayRuntimes) {
  test(`${runtime}: a certificate tells when it expires, and the JWKS how old it is`, {
    skip: skipWithout("openssl"),
  }, async () => {
    const authority = new Authority();
    after(() => authority[Symbol.dispose]());
    const { certFile, keyFile } = authority.issue("a");
    const server = await JwksServer.start(json({ keys: [] }));
    after(() => server.stop());
    const gateway = await startGateway({
      runtime,
      flags: [
        ...["--tls-cert", certFile, "--tls-key", keyFile],
        ...["--authorize", "jwt", "--jwt-jwks", server.url],
      ],
    });
    const expiry = await read(gateway, "wss_certificate_expiry_timestamp_seconds");
    const days = ((expiry ?? 0) - Date.now() / 1_000) / 86_400;
    assert.ok(days > 1.9 && days < 2.1, `${days} days`);
    const age = (await read(gateway, "wss_jwks_age_seconds")) ?? -1;
    assert.ok(age > 0);
    await waitFor(async () => ((await read(gateway, "wss_jwks_age_seconds")) ?? 0) > age);
  });

  test(`${runtime}: the page of workers is one that Prometheus reads`, {
    skip: skipWithout("promtool"),
  }, async () => {
    const gateway = await startGateway({ runtime, flags: ["--workers", "2"] });
    const page = await scrape(gateway);
    checkByPromtool(page);
    // One deployment, although each of the two says so.
    assert.match(page, /^wss_build_info\{[^}]*runtime="\w+",version="[^"]+"\} 1$/m);
    assert.match(page, /^process_resident_memory_bytes\{node="\S+",worker="supervisor"\} \d+$/m);
    const [, sum] = /^wss_handshake_seconds_count\{outcome="accepted"\} (\d+)$/m.exec(page) ?? [];
    assert.equal(sum, "0");
  });
}
