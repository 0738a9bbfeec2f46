import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Connection, connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { AdminClient } from "../../support/admin/admin-client.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { blocksOf } from "../../support/docs/docs.ts";
import { combinations, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { WorkersRig } from "../../support/gateway/workers-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

interface Entered {
  readonly client: RawClient;
  readonly connection: Connection;
}

/** Enters as the user of the query, and waits until the origin knows it. */
async function enter(port: number, origin: Origin, user: string): Promise<Entered> {
  const opened = new Promise<Connection>((resolve) => {
    origin.on("open", (event) => {
      if (event.connection.user === user) resolve(event.connection);
    });
  });
  const client = await RawClient.open(port, { path: `/room/one?user=${user}` });
  return { client, connection: await opened };
}

/** What the API tells of a node with Ada and Bob. */
async function checkReading(
  admin: AdminClient,
  { engine, node, runtime }: Started,
  id: string,
): Promise<void> {
  const overview = (await admin.get("overview")).body;
  const told = [overview.node, overview.runtime, overview.engine, overview.connections];
  assert.deepEqual(told, [node, runtime, engine, 2]);
  assert.equal(overview.totals.opened, 2);
  const found = (await admin.get("connections?user=ada&group=team")).body;
  const [shown, ...more] = found.connections;
  assert.deepEqual([more.length, found.next], [0, undefined]);
  const { openedAt, lastActiveAt, ...rest } = shown;
  assert.ok(openedAt <= lastActiveAt);
  assert.deepEqual(rest, {
    id,
    app: "default",
    path: "/room/one",
    user: "ada",
    address: "127.0.0.1",
    groups: ["@user/ada", "team"],
    bytesWaiting: 0,
    state: "open",
    origin: "o-1",
  });
  assert.equal((await admin.get(`connections/${id}`)).body.user, "ada");
  const [destination] = (await admin.get("origins")).body.origins;
  assert.deepEqual([destination.name, destination.connections], ["o-1", 2]);
  const own = await waitFor(async () => (await admin.get("nodes")).body.nodes[0]);
  assert.deepEqual([own.node, own.own], [node, true]);
  assert.ok((await admin.get("brokers")).body.brokers.every(({ up }: { up: boolean }) => up));
}

describe("the admin API", () => {
  for (const { runtime, engine } of combinations) {
    it(`finds, follows, sends and closes, on ${runtime}, ${engine}`, async () => {
      const flags = ["--engine", engine, "--authorize", "origin", "--drain-period", "0ms"];
      const gateway = await startGateway({ runtime, flags });
      const { adminPort, brokerPort, node, port } = gateway.info;
      const origin = await connectOrigin({
        broker: `mqtt://127.0.0.1:${brokerPort}`,
        version: "4",
        name: "o-1",
      });
      origin.authorize(({ query }) => {
        return { user: new URLSearchParams(query).get("user") ?? "nobody", groups: ["team"] };
      });
      const admin = new AdminClient(adminPort);
      await waitFor(async () => (await admin.get("apps")).body.apps[0].mode === "assigned");
      const ada = await enter(port, origin, "ada");
      const bob = await enter(port, origin, "bob");
      const { id } = ada.connection;

      await checkReading(admin, gateway.info, id);
      const tail = await admin.tail(`connection=${id}`);
      const team = await admin.tail("group=team");
      ada.client.text("hello ✓");
      bob.client.text("hello from bob");
      const event = await tail.line(({ verb }) => verb === "message", "Ada's message");
      assert.deepEqual([event.kind, event.text, event.bytes], ["event", "hello ✓", 9]);
      await team.line(({ text }) => text === "hello from bob", "Bob's message");
      assert.ok(tail.lines.every(({ text }) => text !== "hello from bob"));

      const sent = await admin.post(`connections/${id}/send`, { text: "from the admin" });
      assert.deepEqual([sent.status, sent.body], [200, { id, outcome: "sent" }]);
      assert.equal(await ada.client.nextText(), "from the admin");
      const command = await tail.line(({ verb }) => verb === "send", "the command");
      assert.deepEqual([command.sender, command.text], [node, "from the admin"]);
      const published = await admin.post("publish", { group: "team", binary: "AAECAw==" });
      assert.deepEqual([published.status, published.body.group], [200, "team"]);
      await team.line(({ binary }) => binary === "00010203", "the publish");
      await tail.line(({ binary }) => binary === "00010203", "the publish to a member");

      const closed = await admin.post(`connections/${id}/close`, { code: 4001, reason: "bye" });
      assert.deepEqual([closed.status, closed.body.outcome], [200, "closed"]);
      ada.client.send({ opcode: 8, payload: Buffer.of(0x0f, 0xa1) });
      await tail.line(({ verb, kind }) => verb === "close" && kind === "event", "the close");
      await waitFor(() => tail.end === "closed", { what: "the tail's end" });
      tail.close();
      await team.line(({ verb, connection }) => verb === "close" && connection === id, "the same");
      const again = await admin.post(`connections/${id}/send`, { text: "x" });
      assert.deepEqual([again.status, again.body.code], [410, "id-gone"]);
      const actions = await waitFor(
        () => {
          const told = gateway.log.filter(({ event }) => event === "admin-action");
          return told.length >= 4 && told;
        },
        { what: "the lines of the actions" },
      );
      assert.deepEqual(
        actions.map(({ who, action, outcome }) => [who, action, outcome]),
        [
          ["local", "send", "sent"],
          ["local", "publish", "published"],
          ["local", "close", "closed"],
          ["local", "send", "id-gone"],
        ],
      );
      team.close();
      ada.client.destroy();
      bob.client.destroy();
      await origin.close();
    });
  }

  it("asks all workers, and follows a group in each of them", async () => {
    const flags = ["--workers", "2", "--node-name", "edge", "--drain-period", "0ms"];
    const gateway = await startGateway({ flags });
    const rig = await WorkersRig.over(gateway);
    await rig.fill(2, "edge-0", "edge-1");
    const admin = new AdminClient(gateway.info.adminPort);
    const overview = (await admin.get("overview")).body;
    assert.deepEqual([overview.workers, overview.connections], [2, rig.visitors.length]);
    const ids = new Set<string>();
    let after = "";
    for (let pages = 0; pages < 100; pages++) {
      const { connections, next } = (await admin.get(`connections?limit=1${after}`)).body;
      for (const { id } of connections) ids.add(id);
      if (next === undefined) break;
      after = `&after=${next}`;
    }
    assert.deepEqual(ids, new Set(rig.visitors.map(({ connection }) => connection.id)));
    const tail = await admin.tail("group=@all");
    for (const node of ["edge-0", "edge-1"]) {
      const [visitor] = rig.of(node);
      const id = visitor?.connection.id ?? "";
      await rig.echo([visitor!]);
      await tail.line(({ connection }) => connection === id, `a message of ${node}`);
      const sent = await admin.post(`connections/${id}/send`, { text: "hi" });
      assert.deepEqual([sent.status, sent.body.outcome], [200, "sent"]);
      assert.equal(await visitor?.client.nextText(), "hi");
    }
    tail.close();
    await rig.stop();
  });

  it("sends to its own connections, and closes them, while the broker is away", async () => {
    await using broker = await Mosquitto.start();
    for (const workers of [[], ["--workers", "2"]]) {
      const flags = ["--broker", broker.url(), "--drain-period", "0ms", ...workers];
      const gateway = await startGateway({ flags });
      const client = await RawClient.open(gateway.info.port);
      const admin = new AdminClient(gateway.info.adminPort);
      const [{ id }] = (await admin.get("connections")).body.connections;
      await broker.stop();
      const sent = await admin.post(`connections/${id}/send`, { text: "hi" });
      assert.deepEqual([sent.status, sent.body], [200, { id, outcome: "sent" }]);
      assert.equal(await client.nextText(), "hi");
      const closed = await admin.post(`connections/${id}/close`, { code: 4001 });
      assert.deepEqual([closed.status, closed.body.outcome], [200, "closed"]);
      const published = await admin.post("publish", { group: "@all", text: "x" });
      assert.deepEqual([published.status, published.body.code], [503, "broker-lost"]);
      client.destroy();
      await broker.restart();
    }
  });

  it("sends to connections of another node, and shows what that node tells", async () => {
    await using broker = await Mosquitto.start();
    const routes = ["--routes", "/here=here,/there=there"];
    const flags = ["--broker", broker.url(), "--drain-period", "0ms", ...routes];
    const logged = [...flags, "--log-connections"];
    const [one, two] = await Promise.all([
      startGateway({ flags }),
      startGateway({ flags: logged }),
    ]);
    const origin = await connectOrigin({ broker: broker.url(), app: "there" });
    const opened = new Promise<Connection>((resolve) => {
      origin.on("open", ({ connection }) => resolve(connection));
    });
    const client = await RawClient.open(two.info.port, { path: "/there" });
    const { id } = await opened;
    const admin = new AdminClient(one.info.adminPort);
    const { body } = await admin.get(`connections/${id}`);
    assert.deepEqual([body.node, body.path, body.state], [two.info.node, "/there", "open"]);
    assert.equal((await admin.post(`connections/${id}/send`, { text: "hi" })).status, 200);
    assert.equal(await client.nextText(), "hi");
    const both = [one.info.node, two.info.node].sort();
    await waitFor(async () => {
      const { nodes } = (await admin.get("nodes")).body;
      const names = nodes.map((view: { node: string }) => view.node).sort();
      return String(names) === String(both);
    });
    const wrong = await admin.get(`tail?connection=${id}`);
    assert.deepEqual([wrong.status, wrong.body.node], [421, two.info.node]);
    const none = await admin.get(`tail?connection=${two.info.node}.AAAAnobody`);
    assert.deepEqual([none.status, none.body.code], [410, "id-gone"]);
    assert.equal((await admin.post(`connections/${id}/close`, {})).status, 200);
    client.destroy();
    const line = await waitFor(() => two.log.find(({ event }) => event === "connection-closed"));
    assert.deepEqual([line.cause, line.by], ["origin", "admin"], "on the other node, too");
    const nobody = await admin.get("connections/elsewhere.AAAAnobody");
    assert.deepEqual([nobody.status, nobody.body.code], [410, "id-gone"]);
    await origin.close();
  });
});

it("answers the requests of its page", async () => {
  const shown = blocksOf("docs/operating/admin.md").filter(({ subject }) => subject === "admin");
  const lines = shown.flatMap(({ body }) => body.split("\n"));
  const paths = lines.flatMap(
    (line) => /^curl '?http:\/\/[^/]*(\/[^']*)'?$/.exec(line)?.[1] ?? [],
  );
  assert.equal(paths.length, lines.length - 1);
  const { adminPort } = (await startGateway({ flags: ["--node-name", "edge-1"] })).info;
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    assert.equal(answer.status, 200, path);
    await answer.json();
  }
});
