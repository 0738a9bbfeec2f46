import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  ControlRig,
  leave,
  type Member,
  type RunningGateway,
} from "../../support/gateway/control-rig.ts";
import { anyCombination } from "../../support/gateway/gateway.ts";
import type { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

type Values = Record<string, unknown>;

const run = promisify(execFile);
const skip = skipWithout("mosquitto_sub");

const { runtime, engine } = anyCombination;

describe("apps, state, age and slow clients", () => {
  let rig: ControlRig;
  let gateway: RunningGateway;
  let origin: PlainOrigin;
  let stranger: PlainOrigin;
  let broker: Mosquitto;

  before(async () => {
    rig = await ControlRig.start(runtime, engine);
    ({ gateway, origin, stranger, broker } = rig);
  });

  after(() => rig.stop());

  it("opens the app that the path leads to, with what stands in it", async () => {
    const member = await rig.join(gateway, origin, "/chat/bl%C3%BCe");
    const shopper = await rig.join(gateway, stranger, "/shop/books/1");
    const infoOf = ({ id }: Member, at: PlainOrigin): unknown => {
      const [, , , info] = at.events.find(([verb, of]) => verb === "open" && of === id) ?? [];
      return (info as Values).params;
    };
    assert.deepEqual(infoOf(member, origin), { room: "blüe" });
    assert.deepEqual(infoOf(shopper, stranger), { "*": "books/1" });
    for (const path of ["/", "/chat", "/chat/", "/chat/a/b", "/chat/%ff", "/CHAT/a"]) {
      const client = await RawClient.connect(gateway.info.port);
      client.write(
        [`GET ${path} HTTP/1.1`, "Host: a", "Upgrade: websocket", "Connection: Upgrade"].join(
          "\r\n",
        ),
      );
      client.write("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
      client.write("Sec-WebSocket-Version: 13\r\n\r\n");
      const { statusCode, body } = await client.wholeAnswer();
      assert.deepEqual([statusCode, JSON.parse(body).code], [404, "route-unknown"], path);
    }
    leave(member, shopper);
  });

  it("keeps apps apart, whatever one of them tries", { skip }, async () => {
    const [mine] = (await rig.inGroup("club", gateway)) as [Member];
    const shopper = await rig.join(gateway, stranger, "/shop/x");
    for (const topic of ["commands/evil", `nodes/${gateway.info.node}/commands/evil`]) {
      const ref = (name: string): Values => ({ ref: `${topic} ${name}` });
      await stranger.publishTo(
        topic,
        JSON.stringify([
          ["send", mine.id, "evil", ref("send")],
          ["close", mine.id, 4000, "evil", ref("close")],
          ["join", mine.id, "evil", ref("join")],
          ["leave", mine.id, "club", ref("leave")],
          ["state", mine.id, "evil", ref("state")],
          ["publish", "club", "evil", ref("publish")],
          ["publish", "@all", "all of the shop", { except: mine.id, ...ref("all") }],
          ["query", [mine.id], ref("query")],
          ["query", "club", ref("group")],
          ["query", "@all", ref("everyone")],
          ["accept", mine.id, ref("accept")],
        ]),
      );
      for (const verb of ["send", "close", "join", "leave", "state"]) {
        const result = await stranger.replyTo(`${topic} ${verb}`);
        assert.deepEqual(result, { [mine.id]: "gone" }, verb);
      }
      const nobody = { node: gateway.info.node, sent: 0, slow: 0, gone: 0, expired: 0 };
      const seen = (name: string): Promise<Values> =>
        stranger.replyTo(`${topic} ${name}`, ({ node }) => node === gateway.info.node);
      assert.deepEqual(await seen("publish"), nobody);
      assert.equal((await seen("all")).sent, 1);
      assert.equal(await shopper.client.nextText(), "all of the shop");
      const { node } = gateway.info;
      const none = { node, count: 0, gone: [mine.id], connections: [] };
      assert.deepEqual(await seen("query"), none);
      assert.deepEqual(await seen("group"), { node, count: 0, connections: [] });
      const everyone = (await seen("everyone")).connections as Values[];
      assert.deepEqual(
        everyone.map(({ id }) => id),
        [shopper.id],
      );
      assert.deepEqual(await stranger.replyTo(`${topic} accept`), {
        [mine.id]: "handshake-gone",
      });
    }
    await stranger.publishTo("groups/club/text", "evil");
    await stranger.publishTo("groups/club/commands/evil", '[["publish","club","evil"]]');
    await stranger.command(gateway.info.node, ["send", shopper.id, "end"]);
    assert.equal(await shopper.client.nextText(), "end");
    // Nothing of all that came here, and the group still stands.
    await origin.publishTo("groups/club/text", "first");
    assert.equal(await mine.client.nextText(), "first");
    leave(mine, shopper);
    const presence = async (app: string): Promise<number> => {
      const { stdout } = await run("mosquitto_sub", [
        "-h",
        "127.0.0.1",
        "-p",
        String(broker.port),
        "-C",
        "1",
        "-W",
        "5",
        "-t",
        `wss/v1/${app}/presence/nodes/${gateway.info.node}`,
      ]);
      return JSON.parse(stdout).connections;
    };
    const one = await rig.join(gateway, stranger, "/shop/x");
    await waitFor(async () => (await presence("shop")) === 1 && (await presence("chat")) === 0, {
      what: "each app's own number of connections",
    });
    leave(one);
  });

  it("says slow of a client that does not read, in a send and in a publish", async () => {
    const [lazy] = (await rig.inGroup("lazy", gateway)) as [Member];
    lazy.client.socket.pause();
    const { node } = gateway.info;
    const big = "x".repeat(32_768);
    const seen = new Set<unknown>();
    // Alone: of many in one turn all are slow where the queue overflows before it is written.
    await origin.command(node, ["send", lazy.id, big, { ref: "first" }]);
    assert.deepEqual(await origin.replyTo("first"), { [lazy.id]: "sent" });
    // The kernel takes some of it; then the queue is full and the connection is closed.
    for (let sent = 0; sent < 2_000 && !seen.has("slow"); sent++) {
      await origin.command(node, ["send", lazy.id, big, { ref: sent }]);
      if (sent % 50 !== 49) continue;
      await origin.replyTo(sent);
      for (const [verb, , result] of origin.events) {
        if (verb === "reply") seen.add((result as Values)[lazy.id]);
      }
    }
    assert.ok(seen.has("slow"), [...seen].join());
    // Else the gateway would wait for its closing handshake.
    lazy.client.destroy();
    const [, , , code, , cause] = await origin.closeOf(lazy.id);
    assert.deepEqual([code === 1013 || code === 1006, cause], [true, "slow"]);
    await origin.command(node, ["send", lazy.id, "x", { ref: "end" }]);
    assert.deepEqual(await origin.replyTo("end"), { [lazy.id]: "gone" });
  });
});
