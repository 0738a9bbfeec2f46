import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openStreams, skipWithoutProc } from "../../support/clients/open-streams.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

type Running = Awaited<ReturnType<typeof startGateway>>;

const flags = [
  "--max-connections-per-ip",
  "2",
  "--max-connections",
  "3",
  "--max-messages-per-second",
  "5",
  "--trusted-proxies",
  "127.0.0.0/8",
];
const from = (address: string): { headers: Record<string, string> } => ({
  headers: { "X-Forwarded-For": address },
});

/** The sum of a metric's series. */
async function metric(gateway: Running, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`);
  const series = (await response.text()).matchAll(
    new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, "gm"),
  );
  return Array.from(series, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

/** A client that is closed for talking too much. */
async function closed(gateway: Running, address: string): Promise<RawClient> {
  const client = await RawClient.open(gateway.info.port, from(address));
  // One too many, and no more: Deno may reset the stream of a client that goes on sending.
  client.send(...Array.from({ length: 6 }, () => ({ opcode: 1, payload: "x" })));
  assert.equal((await client.closeFrame())?.code, 1008);
  return client;
}

async function refused(gateway: Running, address: string): Promise<string> {
  const client = await RawClient.connect(gateway.info.port);
  client.write(handshakeText(from(address)));
  const { statusCode, body } = await client.wholeAnswer();
  client.reset();
  return `${statusCode} ${JSON.parse(body).code}`;
}

/** Streams that the clients keep, of which so many are there. */
async function streamsAre(open: () => number, count: number): Promise<void> {
  await waitFor(() => open() === count, { what: "streams" });
}

/** After `close` the stream of a client that does not answer stays: on Deno native for ever. */
describe("a closed socket counts until its stream is gone", { concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    const denoNative = runtime === "deno" && engine === "native";
    it(`on ${runtime}, engine ${engine}`, { skip: skipWithoutProc }, async () => {
      const gateway = await startGateway({ runtime, flags: [...flags, "--engine", engine] });
      const { port } = gateway.info;
      const mute = [await closed(gateway, "203.0.113.1"), await closed(gateway, "203.0.113.1")];
      // It answers, and keeps its half of the stream. Deno's own server cuts such a stream.
      const staying = await closed(gateway, "203.0.113.2");
      staying.send({ opcode: 8, payload: Buffer.from([0x03, 0xf0]) });
      const peers = new Set([...mute, staying].map(({ socket }) => socket.localPort));
      const open = (): number => openStreams(gateway.pid, port, peers);
      if (denoNative) await streamsAre(open, 2);
      else assert.equal(await refused(gateway, "203.0.113.3"), "503 connections-full");
      const reasons = ["503 connections-per-ip", "503 connections-full"];
      const reason = await refused(gateway, "203.0.113.1");
      assert.ok(reasons.includes(reason), reason);
      await streamsAre(open, denoNative ? 2 : 3);
      // In this order, because streams end before they are counted out.
      let told = 0;
      for (let left = 3; left > 0 && told < 3; ) {
        told = await metric(gateway, "wss_connections_closed_total");
        left = await metric(gateway, "wss_connections");
        const streams = open();
        assert.ok(streams <= left, `${streams} streams, and ${left} are counted`);
      }
      if (denoNative) {
        assert.equal(await refused(gateway, "203.0.113.1"), "503 connections-per-ip");
        assert.equal(await metric(gateway, "wss_connections_closing"), 2);
      }
      for (const client of [...mute, staying]) client.destroy();
      await waitFor(async () => (await metric(gateway, "wss_connections")) === 0);
      const again = await RawClient.open(port, from("203.0.113.1"));
      again.destroy();
    });
  }
});
