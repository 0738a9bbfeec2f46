import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, connectOrigin } from "../../../adapters/origin/mod.ts";
import { AdminClient } from "../../support/admin/admin-client.ts";
import { startGuardedBroker } from "../../support/broker/access-rules.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { blocksOf } from "../../support/docs/docs.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const skip = skipWithout("mosquitto");

test("with the two rules of its page a node acts on connections of others", { skip }, async () => {
  const guarded = await startGuardedBroker(true);
  const [block] = blocksOf("docs/operating/admin.md").filter(
    ({ subject }) => subject === "admin-acl",
  );
  await guarded.allow("edge-1", ...(block?.body.split("\n") ?? []));
  const start = (name: string) =>
    startGateway({ flags: ["--node-name", name, "--broker", guarded.url(name)] });
  const [one, two] = await Promise.all([start("edge-1"), start("edge-2")]);
  const origin = await connectOrigin({ broker: guarded.url("shop-1"), name: "shop-1" });
  const admin = new AdminClient(one.info.adminPort);
  for (const { port } of [one.info, two.info]) {
    const opened = new Promise<Connection>((resolve) => {
      origin.on("open", ({ connection }) => resolve(connection));
    });
    const client = await RawClient.open(port);
    const { id } = await opened;
    const sent = await admin.post(`connections/${id}/send`, { text: "hi" });
    assert.deepEqual([sent.status, sent.body.outcome], [200, "sent"]);
    assert.equal(await client.nextText(), "hi");
    const published = await admin.post("publish", { group: "@all", text: "to all" });
    assert.equal(published.status, 200);
    assert.equal(await client.nextText(), "to all");
    client.destroy();
  }
  await waitFor(async () => {
    const { nodes } = (await admin.get("nodes")).body;
    const names = nodes.map(({ node }: { node: string }) => node).sort();
    return String(names) === "edge-1,edge-2";
  });
  await origin.close();
  await Promise.all([one.stop(), two.stop()]);
  await guarded.end();
});
