import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  combinations,
  gatewayRuntimes,
  spawnGateway,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const skip = skipWithout("openssl");

describe("TLS", { skip, concurrency: true }, () => {
  let authority: Authority;

  before(() => {
    authority = new Authority();
  });
  after(() => authority[Symbol.dispose]());

  const nameOf = ({ socket }: RawClient): string =>
    String((socket as TLSSocket).getPeerCertificate().subject.CN);

  /** Which name a new client sees. */
  async function nameSeen(port: number): Promise<string> {
    const client = await RawClient.secure(port, authority.ca);
    const name = nameOf(client);
    client.destroy();
    return name;
  }

  for (const { runtime, engine } of combinations) {
    const denoNative = runtime === "deno" && engine === "native";
    it(`serves wss and takes a new certificate on ${runtime}, engine ${engine}`, async () => {
      const file = `${runtime}-${engine}`;
      const { certFile, keyFile } = authority.issue("first", file);
      const tls = ["--tls-cert", certFile, "--tls-key", keyFile, "--handshake-timeout", "3s"];
      const gateway = await startGateway({ runtime, flags: [...tls, "--engine", engine] });
      const { port } = gateway.info;
      const client = await (await RawClient.secure(port, authority.ca)).upgrade();
      assert.equal(nameOf(client), "first");
      const alive = async (): Promise<void> => {
        client.send({ opcode: 9, payload: "there?" });
        assert.equal((await client.frame()).payload.toString(), "there?");
      };
      await alive();

      authority.issue("second", file);
      gateway.kill("SIGHUP");
      if (denoNative) {
        assert.equal((await gateway.event("tls-reload-failed")).level, "warn");
      } else {
        await gateway.event("tls-reloaded");
        assert.equal(await nameSeen(port), "second");
      }
      await alive();

      writeFileSync(keyFile, "no key at all");
      gateway.kill("SIGHUP");
      const line = await waitFor(() =>
        gateway.log.find(({ event, level }) => event === "tls-reload-failed" && level === "error"),
      );
      assert.equal(line.code, "tls-invalid");
      const kept =
        /^nothing is reloaded, the old settings stay: --tls-key: .* is not a private key/;
      assert.match(String(line.message), kept);
      assert.equal(await nameSeen(port), denoNative ? "first" : "second");
      // Past the handshake's timeout: an upgraded stream is not cut, a silent one is.
      const silent = await RawClient.connect(port);
      if (!denoNative) await silent.end();
      silent.destroy();
      await alive();
      client.destroy();
      assert.equal((await gateway.stop()).code, 0);
    });
  }

  it("is refused at the start where the files are wrong: exit 2 and the setting", async () => {
    const one = authority.issue("one");
    const other = authority.issue("other");
    const text = join(authority.folder, "text.pem");
    writeFileSync(text, "text");
    const cases: readonly (readonly [flags: string[], said: RegExp])[] = [
      [["--tls-cert", one.certFile], /^--tls-cert needs --tls-key$/],
      [["--tls-key", one.keyFile], /^--tls-key needs --tls-cert$/],
      [
        ["--tls-cert", one.certFile, "--tls-key", other.keyFile],
        /^--tls-key: .* is not the key of /,
      ],
      [
        ["--tls-cert", text, "--tls-key", one.keyFile],
        /^--tls-cert: .* is not a certificate in PEM$/,
      ],
      [
        ["--tls-cert", "/none", "--tls-key", "/none"],
        /^--tls-cert: \/none cannot be read \(ENOENT\)/,
      ],
      [["--mqtt-ca", text], /^--mqtt-ca: .* is not a certificate in PEM$/],
      [["--mqtt-cert", one.certFile], /^--mqtt-cert needs --mqtt-key$/],
    ];
    for (const runtime of gatewayRuntimes) {
      for (const [flags, said] of runtime === "bun" ? cases : cases.slice(2, 3)) {
        const gateway = spawnGateway({ runtime, flags });
        assert.equal((await gateway.exited).code, 2, flags.join(" "));
        assert.match(gateway.output.trim(), said);
      }
    }
  });

  for (const runtime of gatewayRuntimes) {
    it(`reaches a broker that asks for a certificate on ${runtime}`, async () => {
      const server = authority.issue("broker", `broker-${runtime}`);
      const node = authority.issue("edge-1", `node-${runtime}`);
      const caFile = join(authority.folder, `ca-${runtime}.crt`);
      copyFileSync(authority.caFile, caFile);
      const lines = [`cafile ${caFile}`, `certfile ${server.certFile}`];
      lines.push(`keyfile ${server.keyFile}`, "require_certificate true");
      const broker = await Mosquitto.start({ config: lines });
      after(() => broker[Symbol.asyncDispose]());
      const url = broker.url().replace("mqtt://", "mqtts://");
      const trust = ["--broker", url, "--mqtt-ca", caFile];
      const proof = ["--mqtt-cert", node.certFile, "--mqtt-key", node.keyFile];
      const gateway = await startGateway({ runtime, flags: [...trust, ...proof] });
      const status = async (adminPort: number): Promise<number> =>
        (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status;
      await waitFor(async () => (await status(gateway.info.adminPort)) === 200);
      // Without our certificate the broker refuses; without its authority we refuse the broker.
      for (const flags of [trust, ["--broker", url, ...proof]]) {
        const stranger = await startGateway({ runtime, flags });
        await stranger.event("broker-unreachable");
        assert.equal(await status(stranger.info.adminPort), 503);
        stranger.kill();
      }
      assert.equal((await gateway.stop()).code, 0);
    });
  }
});
