import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { connectAsync } from "mqtt";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayProcess,
  gatewayRuntimes,
  spawnGateway,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { streamClosed, waitFor } from "../../support/process/wait.ts";

const password = "Pa55 of/the-embedded@broker";

function linesOf(gateway: GatewayProcess, event: string): readonly Record<string, unknown>[] {
  return gateway.log.filter((line) => line.event === event);
}

async function passwordFile(): Promise<string> {
  const directory = temporaryFolder();
  await writeFile(join(directory, "password"), `${password}\n`, { mode: 0o600 });
  return join(directory, "password");
}

function urlOf(
  gateway: { readonly info: { readonly brokerPort?: number } },
  word: string,
): string {
  return `mqtt://edge:${encodeURIComponent(word)}@127.0.0.1:${gateway.info.brokerPort}`;
}

/** Whether the broker ends a stream that begins with these bytes. */
async function isEnded(port: number | undefined, ...parts: Uint8Array[]): Promise<void> {
  const socket = net.connect(port as number, "127.0.0.1");
  const closed = streamClosed(socket);
  const [head, ...rest] = parts;
  socket.write(head as Uint8Array);
  if (rest.length > 0) await once(socket, "data");
  for (const part of rest) socket.write(part);
  socket.resume();
  await closed;
}

/** MQTT 3.1.1, 3.1: a CONNECT with a clean session, no user, client id `x`. */
const connect = new Uint8Array([16, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 120]);

for (const runtime of gatewayRuntimes) {
  describe(`the embedded broker on ${runtime}`, { concurrency: true }, () => {
    it("does not start on another address than the loopback one without a login", async () => {
      for (const host of ["0.0.0.0", "broker.example"]) {
        const gateway = spawnGateway({ runtime, flags: ["--broker-host", host] });
        assert.deepEqual(await gateway.exited, { code: 2, signal: null }, gateway.output);
        assert.equal(gateway.lines.length, 1, gateway.output);
        assert.match(gateway.output, /^--broker-host .*: set --broker-user and/);
      }
      const halves = [
        [{ WSS_BROKER_USER: "edge" }, /--broker-user needs --broker-password/],
        [{ WSS_BROKER_PASSWORD: password }, /--broker-password needs --broker-user/],
        [{ WSS_BROKER_PASSWORD_FILE: "/nowhere" }, /-file: \/nowhere cannot be read \(ENOENT\)/],
      ] as const;
      for (const [env, line] of halves) {
        const gateway = spawnGateway({ runtime, env });
        assert.equal((await gateway.exited).code, 2);
        assert.match(gateway.output, line);
        assert.ok(!gateway.output.includes(password));
      }
    });

    it("lets in who has the password, and the node itself; tells nobody what it is", async () => {
      const flags = ["--broker-host", "0.0.0.0", "--log-level", "debug"];
      const env = { WSS_BROKER_USER: "edge", WSS_BROKER_PASSWORD_FILE: await passwordFile() };
      const gateway = await startGateway({ runtime, flags, env });
      for (const url of [urlOf(gateway, "wrong"), urlOf(gateway, "").replace("edge:@", "")]) {
        await assert.rejects(connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 }));
      }
      const origin = await PlainOrigin.connect(urlOf(gateway, password));
      const client = await RawClient.open(gateway.info.port);
      assert.equal((await origin.nextOf("open"))[2], 0);
      client.destroy();
      await origin.end();
      await waitFor(() => linesOf(gateway, "broker-login").length === 2);
      assert.deepEqual(linesOf(gateway, "broker-open"), []);
      assert.equal((await gateway.stop()).code, 0);
      for (const text of [password, encodeURIComponent(password), "wrong"]) {
        assert.ok(!gateway.output.includes(text), gateway.output);
      }
    });

    it("is open on the loopback address, which `serve` says in one line", async () => {
      const gateway = await startGateway({ runtime });
      const [line, ...more] = linesOf(gateway, "broker-open");
      assert.match(String(line?.message), /every program .* on this machine can connect/);
      assert.deepEqual([line?.level, more], ["warn", []]);
      const dev = await startGateway({ runtime, command: "dev" });
      assert.deepEqual(linesOf(dev, "broker-open"), []);
    });

    it("cuts a client that sends a packet larger than any batch, or a large CONNECT", async () => {
      const gateway = await startGateway({ runtime });
      const { brokerPort } = gateway.info;
      await isEnded(brokerPort, new Uint8Array([16, 0x81, 0x80, 0x04]));
      await isEnded(brokerPort, connect, new Uint8Array([48, 0x80, 0x80, 0x80, 0x09]));
      await waitFor(() => linesOf(gateway, "broker-packet").length === 2);
    });

    it("takes a thousand connections, and says so of the next", async () => {
      const gateway = await startGateway({ runtime });
      const sockets: net.Socket[] = [];
      after(() => sockets.forEach((socket) => void socket.destroy()));
      // Some at a time, so that none waits in the kernel's queue.
      while (linesOf(gateway, "broker-full").length === 0 && sockets.length < 4_096) {
        const more = Array.from({ length: 128 }, () => {
          const socket = net.connect(gateway.info.brokerPort as number, "127.0.0.1");
          return socket.on("error", () => {});
        });
        sockets.push(...more);
        const met = (socket: net.Socket): Promise<unknown> =>
          new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
        await Promise.all(more.map(met));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(sockets.length > 1_000);
      await waitFor(() => linesOf(gateway, "broker-full").length > 0, { what: "a line" });
      // The node's own connections stand all the while.
      assert.deepEqual(linesOf(gateway, "broker-lost"), []);
    });
  });
}

it("`dev` gives its origin the password", async () => {
  const env = { WSS_BROKER_USER: "edge", WSS_BROKER_PASSWORD: password };
  const gateway = await startGateway({ command: "dev", env });
  await gateway.event("origin-joined");
  const client = await RawClient.open(gateway.info.port);
  client.text("hello");
  while (!String(await client.nextText()).includes("hello"));
  client.destroy();
  assert.ok(!gateway.output.includes(password));
});
