import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, test } from "node:test";
import { createServer } from "node:tls";
import { metricOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import {
  type GatewayRuntime,
  gatewayRuntimes,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { freePort } from "../../support/process/free-port.ts";
import { waitFor } from "../../support/process/wait.ts";

const authority = new Authority();
after(() => authority[Symbol.dispose]());

/** A proxy with TLS before a cluster port, as an operator puts one there. */
async function proxyTo(port: number): Promise<string> {
  const { certFile, keyFile } = authority.issue("proxy", "proxy", "DNS:localhost");
  const material = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const server = createServer(material, (socket) => {
    const inner = connect(port, "127.0.0.1");
    for (const one of [socket, inner]) one.on("error", () => {});
    socket.pipe(inner).pipe(socket);
  });
  // A handshake that fails is the client's decision.
  server.on("tlsClientError", () => {});
  const own = await freePort();
  await new Promise<void>((resolve) => server.listen(own, "127.0.0.1", resolve));
  after(() => server.close());
  return `https://localhost:${own}`;
}

async function start(
  runtime: GatewayRuntime,
  name: string,
  port: number,
  ...flags: readonly string[]
): Promise<RunningGateway> {
  const own = ["--cluster", "http", "--node-name", name, "--cluster-port", String(port)];
  const env = { WSS_CLUSTER_SECRET: "a-secret-of-two-nodes" };
  return startGateway({ runtime, flags: [...own, ...flags], env });
}

for (const runtime of gatewayRuntimes) {
  test(`peers are reached by https, checked against cluster-ca, on ${runtime}`, async () => {
    const [portA, portB, portC] = [await freePort(), await freePort(), await freePort()];
    const ofB = await proxyTo(portB);
    const b = await start("node", "b", portB, "--peers", `http://127.0.0.1:${portA}`);
    const ca = ["--cluster-ca", authority.caFile];
    const a = await start(runtime, "a", portA, "--peers", ofB, ...ca);
    for (const node of [a, b]) {
      await waitFor(async () => (await metricOf(node, "wss_peers")) === 1, { what: "its peer" });
    }
    const c = await start(runtime, "c", portC, "--peers", ofB);
    // On a busy machine a handshake may take too long before one fails.
    const isRefused = ({ event, reason }: Record<string, unknown>): boolean =>
      event === "peer-unreachable" && /certificate|issuer|CERT|verify/i.test(String(reason));
    await waitFor(() => c.log.some(isRefused), { what: "the authority is not known" });
    assert.equal(await metricOf(c, "wss_peers"), 0);
  });
}

test("a cluster-ca that is no certificate ends the program", async () => {
  const flags = ["--cluster", "http", "--peers", "https://localhost:1"];
  const started = startGateway({ flags: [...flags, "--cluster-ca", "package.json"] });
  await assert.rejects(started, /--cluster-ca: package\.json is not a certificate in PEM/);
});
