import assert from "node:assert/strict";
import { after, test } from "node:test";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, carriesOut } from "../../support/http/back-end.ts";
import { freePort } from "../../support/process/free-port.ts";
import { waitFor } from "../../support/process/wait.ts";
import {
  Listener,
  ServiceClient,
  serviceRequest,
} from "../../support/service-port/service-client.ts";

test("without a broker a node's service port serves the connections of its peers", async () => {
  const backEnd = await BackEnd.start(carriesOut);
  after(() => backEnd.stop());
  const ports = [await freePort(), await freePort()];
  const peers = ports.map((port) => `http://127.0.0.1:${port}`).join(",");
  const start = (index: number, flags: readonly string[]) =>
    startGateway({
      runtime: index === 0 ? "bun" : "node",
      env: { WSS_CLUSTER_SECRET: "a-secret-of-two-nodes" },
      flags: [
        ...["--cluster", "http", "--peers", peers, "--cluster-port", String(ports[index])],
        ...["--node-name", `n${index}`, "--origin", backEnd.url, "--drain-period", "0"],
        ...flags,
      ],
    });
  const [a, b] = await Promise.all([start(0, ["--service-port", "0"]), start(1, [])]);
  await waitFor(async () => (await metricOf(a, "wss_peers")) === 1, { what: "the peer" });
  await waitFor(async () => (await metricOf(b, "wss_peers")) === 1, { what: "the other peer" });
  const client = new ServiceClient(a.info);
  const [onA, onB] = [await Listener.open(a.info), await Listener.open(b.info)];
  const ids = await client.ids();
  assert.equal(ids.length, 2, "a query is answered by both");
  assert.equal((await client.post("/sr", serviceRequest(ids, "both"))).status, 200);
  assert.deepEqual([await onA.has(1), await onB.has(1)], [["both"], ["both"]]);
  const [sent, published] = await client.run(["send", ids, "x"], ["publish", "@all", "y"]);
  assert.deepEqual(sent, Object.fromEntries(ids.map((id) => [id, "sent"])));
  assert.deepEqual([published?.sent, published?.missing], [2, []]);
});
