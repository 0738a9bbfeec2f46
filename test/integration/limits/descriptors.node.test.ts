import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it, test } from "node:test";
import { openStreams, skipWithoutProc } from "../../support/clients/open-streams.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

type Running = Awaited<ReturnType<typeof startGateway>>;

const openFilesMax = 128;
const flags = ["--max-connections", "1000", "--handshake-timeout", "1m", "--service-port", "0"];
flags.push("--log-level", "info,handshake=debug");

function errors(gateway: Running, code: string): Promise<number> {
  const pattern = new RegExp(`^wss_errors_total\\{code="${code}"\\} (\\d+)$`, "m");
  const attempt = async (): Promise<{ count: number } | undefined> => {
    try {
      const url = `http://127.0.0.1:${gateway.info.adminPort}/metrics`;
      const text = await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
      return { count: Number(text.match(pattern)?.[1] ?? 0) };
    } catch {
      return undefined; // The port is just being opened again.
    }
  };
  return waitFor(attempt, { what: "an answer of the admin port" }).then(({ count }) => count);
}

/** More streams than there are descriptors, of which none says a word. */
async function flood(port: number): Promise<RawClient[]> {
  const count = openFilesMax + 40;
  const all = Array.from({ length: count }, () => RawClient.connect(port).catch(() => undefined));
  // A port that closes meanwhile refuses some.
  return (await Promise.all(all)).filter((client) => client !== undefined);
}

/** Tries until one gets in. */
function connected(port: number): Promise<RawClient> {
  const attempt = async (): Promise<RawClient | undefined> => {
    try {
      const client = await RawClient.connect(port);
      client.write(handshakeText());
      return (await client.answer()).statusCode === 101 ? client : undefined;
    } catch {
      return undefined;
    }
  };
  return waitFor(attempt, { what: "a client that gets in" });
}

/** Asks until the service port answers. */
function served(port: number | undefined): Promise<boolean> {
  const attempt = async (): Promise<boolean> => {
    try {
      const signal = AbortSignal.timeout(2_000);
      return (await fetch(`http://127.0.0.1:${port}/openapi.json`, { signal })).ok;
    } catch {
      return false;
    }
  };
  return waitFor(attempt, { what: "an answer of the service port" });
}

async function pinged(client: RawClient): Promise<void> {
  client.send({ opcode: 9, payload: "there?" });
  assert.equal((await client.frame()).payload.toString(), "there?");
}

describe("a node without descriptors", { skip: skipWithoutProc }, () => {
  for (const { runtime, engine } of combinations) {
    // When a port opens anew, Bun's `node:http` cuts its silent streams: soon there is room.
    // Deno stops accepting unseen when the one accept that fails is over between two looks.
    const cuts = runtime !== "node" && engine === "wasm";
    it(`tells it and recovers, on ${runtime}, engine ${engine}`, {
      timeout: 300_000,
    }, async () => {
      const options = { runtime, openFilesMax, flags: [...flags, "--engine", engine] };
      const gateway = await startGateway(options);
      const { port, adminPort, servicePort = 0 } = gateway.info;
      const said = (event: string): Record<string, unknown>[] =>
        gateway.log.filter((line) => line.event === event);
      const [low] = said("descriptors-low");
      assert.match(
        String(low?.message),
        /^max-connections is 1000, but a limit of 128 open files allows only \d+:/,
      );
      const kept = await RawClient.open(port);

      // The client port alone: it keeps below the limit, handshakes not begun included.
      const silent = await flood(port);
      if (engine === "wasm") {
        const streamsMax = Number(low?.streamsMax);
        const isFull = (): boolean => openStreams(gateway.pid, port) === streamsMax;
        if (runtime === "bun") await gateway.event("tcp-streams-full");
        else await waitFor(isFull, { what: "streams up to the cap" });
        assert.ok((await errors(gateway, "tcp-streams-full")) > 0);
        assert.equal(said("tcp-streams-full").length, 1);
        const { code, address } = await gateway.event("handshake-refused");
        assert.deepEqual([code, address], ["tcp-streams-full", "127.0.0.1"]);
        assert.equal(await errors(gateway, "accept-failed"), 0);
      }
      await pinged(kept);
      for (const client of silent) client.destroy();
      (await connected(port)).destroy();

      // Another port takes them all, so no cap helps.
      const others = await flood(adminPort);
      if (!cuts) {
        await waitFor(async () => {
          if (said("accept-failed").length > 0) return true;
          // Ports open again some time after the refusals above. That cuts who waits there.
          const isFull = readdirSync(`/proc/${gateway.pid}/fd`).length >= openFilesMax;
          if (!isFull) others.push(...(await flood(adminPort)));
          return false;
        });
      }
      const refused = await Promise.allSettled([port, servicePort].map(RawClient.connect));
      await pinged(kept);
      for (const client of others) client.destroy();
      const after = await connected(port);
      await pinged(after);
      await served(servicePort);
      if (!cuts) {
        await waitFor(async () => (await errors(gateway, "accept-failed")) > 0);
        assert.equal(said("accept-failed").length, 1, "one line a minute");
      }
      for (const one of refused) if (one.status === "fulfilled") one.value.destroy();
      await pinged(kept);
      for (const client of [kept, after]) client.destroy();
      assert.equal((await gateway.stop()).code, 0);
    });
  }
});

test("Bun and Deno start with 64 descriptors, and let a client in", async () => {
  for (const { runtime, engine } of combinations.filter((of) => of.runtime !== "node")) {
    const options = { runtime, openFilesMax: 64, flags: ["--engine", engine] };
    const { info } = await startGateway(options);
    const client = await connected(info.port);
    await pinged(client);
    client.destroy();
  }
});
