import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { combinations, startGateway } from "../support/gateway.ts";
import { Mosquitto } from "../support/mosquitto.ts";
import { PlainOrigin } from "../support/plain-origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { waitFor } from "../support/wait.ts";

type Running = Awaited<ReturnType<typeof startGateway>>;
type Values = Record<string, unknown>;

interface Member {
  readonly client: RawClient;
  readonly id: string;
}

const run = promisify(execFile);

async function metric(gateway: Running, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`);
  const line = (await response.text()).split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

for (const { runtime, engine } of combinations) {
  describe(`the origin in control, on ${runtime}, engine ${engine}`, () => {
    let broker: Mosquitto;
    let gateway: Running;
    let other: Running;
    let origin: PlainOrigin;
    let stranger: PlainOrigin;

    before(async () => {
      broker = await Mosquitto.start();
      origin = await PlainOrigin.connect(broker.url(), "wss/v1/chat");
      stranger = await PlainOrigin.connect(broker.url(), "wss/v1/shop");
      const flags = ["--broker", broker.url(), "--drain-period", "0ms", "--log-level", "debug"];
      flags.push("--routes", "/chat/:room=chat,/shop/*=shop", "--send-queue-size", "64KiB");
      flags.push("--max-groups-per-connection", "3", "--presence-interval", "200ms");
      gateway = await startGateway({ runtime, flags: [...flags, "--engine", engine], kept: true });
      other = await startGateway({ runtime: "bun", flags, kept: true });
    });

    after(async () => {
      await Promise.all([gateway[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
      await Promise.all([origin.end(), stranger.end()]);
      await broker[Symbol.asyncDispose]();
    });

    async function join(node = gateway, at = origin, path = "/chat/a"): Promise<Member> {
      const client = await RawClient.open(node.info.port, { path });
      const [, id] = await at.nextOf("open");
      return { client, id: id as string };
    }

    async function inGroup(group: string, ...nodes: Running[]): Promise<Member[]> {
      const members: Member[] = [];
      for (const node of nodes) {
        const member = await join(node);
        await origin.command(undefined, ["join", member.id, group, { ref: member.id }]);
        assert.deepEqual(await origin.replyTo(member.id), { [member.id]: "joined" });
        members.push(member);
      }
      return members;
    }

    function leave(...members: Member[]): void {
      for (const { client } of members) client.destroy();
    }

    it("opens the app that the path leads to, with what stands in it", async () => {
      const member = await join(gateway, origin, "/chat/bl%C3%BCe");
      const shopper = await join(gateway, stranger, "/shop/books/1");
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
        assert.deepEqual([statusCode, body.slice(0, 14)], [404, "route-unknown:"], path);
      }
      leave(member, shopper);
    });

    it("keeps apps apart, whatever one of them tries", async () => {
      const [mine] = (await inGroup("club", gateway)) as [Member];
      const shopper = await join(gateway, stranger, "/shop/x");
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
          ...["-h", "127.0.0.1", "-p", String(broker.port), "-C", "1", "-W", "5"],
          ...["-t", `wss/v1/${app}/presence/nodes/${gateway.info.node}`],
        ]);
        return JSON.parse(stdout).connections;
      };
      const one = await join(gateway, stranger, "/shop/x");
      await waitFor(async () => (await presence("shop")) === 1 && (await presence("chat")) === 0, {
        what: "each app's own number of connections",
      });
      leave(one);
    });

    it("publishes to a group's members on all nodes, whichever way the command came", async () => {
      const members = await inGroup("café ☕/+#", gateway, gateway, other);
      const [first] = members as [Member, Member, Member];
      const level = "caf%C3%A9%20%E2%98%95%2F%2B%23";
      const publish = ["publish", "café ☕/+#"];
      await origin.publishTo(`groups/${level}/commands/me`, JSON.stringify([[...publish, "1"]]));
      await origin.command(undefined, [...publish, "2"]);
      for (const { client } of members) assert.equal(await client.nextText(), "1");
      for (const { client } of members) assert.equal(await client.nextText(), "2");
      await origin.command(other.info.node, [...publish, "3"]);
      for (const { client } of members) assert.equal(await client.nextText(), "3");
      await origin.command(gateway.info.node, [...publish, "4", { except: first.id }]);
      for (const { client } of members.slice(1)) assert.equal(await client.nextText(), "4");
      await origin.command(undefined, [...publish, "5", { except: [first.id, "nobody"] }]);
      for (const { client } of members.slice(1)) assert.equal(await client.nextText(), "5");
      await origin.publishTo(`groups/${level}/binary`, new Uint8Array([1, 255]));
      for (const { client } of members)
        assert.deepEqual([...(await client.frame()).payload], [1, 255]);
      leave(...members);
      for (const { id } of members) await origin.closeOf(id);
      await waitFor(async () => (await metric(gateway, "wss_groups")) === 0, { what: "no group" });
    });

    it("lets any MQTT device publish to browsers", async () => {
      const members = await inGroup("news", gateway, other);
      const to = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1"];
      await run("mosquitto_pub", [...to, "-t", "wss/v1/chat/groups/news/text", "-m", "grüße"]);
      for (const { client } of members) assert.equal(await client.nextText(), "grüße");
      await origin.publishTo("groups/news/text", new Uint8Array([0xff, 0xfe]));
      await origin.publishTo("groups/news/text", "after");
      for (const { client } of members) assert.equal(await client.nextText(), "after");
      assert.equal(await metric(gateway, 'wss_errors_total{code="message-not-utf8"}'), 1);
      leave(...members);
    });

    it("counts what became of a publish, on each node", async () => {
      const members = await inGroup("counted", gateway, gateway, other);
      await origin.command(undefined, ["publish", "counted", "x", { ref: "p" }]);
      const replies = [await origin.replyTo("p"), await origin.replyTo("p")];
      const sent = new Map(replies.map(({ node, sent }) => [node, sent]));
      assert.equal(sent.get(gateway.info.node), 2);
      assert.equal(sent.get(other.info.node), 1);
      leave(...members);
    });

    it("refuses names that no group can have, and too many groups", async () => {
      const member = await join();
      const { id } = member;
      const { node } = gateway.info;
      for (const name of ["", "x".repeat(257), "é".repeat(129), "@all", "@user/ann"]) {
        await origin.command(node, ["join", id, name, { ref: 1 }]);
        assert.deepEqual(await origin.replyTo(1), { [id]: "group-name" }, name.slice(0, 9));
      }
      await origin.command(node, ["publish", "", "x", { ref: 2 }]);
      assert.deepEqual(await origin.replyTo(2), { node, error: "group-name" });
      const longest = ["é".repeat(128), "@other", "a", "b"];
      for (const [index, name] of longest.entries()) {
        await origin.command(node, ["join", id, name, { ref: 3 }]);
        const outcome = index < 3 ? "joined" : "group-limit";
        assert.deepEqual(await origin.replyTo(3), { [id]: outcome }, name);
      }
      await origin.publishTo("groups/@other/text", "named like one of ours");
      assert.equal(await member.client.nextText(), "named like one of ours");
      await origin.command(
        node,
        ["leave", id, "@other", { ref: 4 }],
        ["join", id, "b", { ref: 5 }],
      );
      assert.deepEqual(await origin.replyTo(4), { [id]: "left" });
      assert.deepEqual(await origin.replyTo(5), { [id]: "joined" });
      // A group's topic speaks for that group alone.
      await origin.publishTo("groups/b/commands/me", '[["publish","a","no",{"ref":6}]]');
      assert.deepEqual(await origin.replyTo(6), { node, error: "group-name" });
      leave(member);
    });

    it("keeps a connection's state and hands it back with each message", async () => {
      const { client, id } = await join();
      client.text("before");
      assert.deepEqual(await origin.nextOf("message"), ["message", id, 1, "before"]);
      await origin.command(undefined, ["state", id, { cart: [1, "två"] }, { ref: 1 }]);
      assert.deepEqual(await origin.replyTo(1), { [id]: "stored" });
      client.text("with");
      assert.deepEqual(await origin.nextOf("message"), [
        "message",
        id,
        2,
        "with",
        { cart: [1, "två"] },
      ]);
      await origin.command(undefined, ["state", id, "x".repeat(5_000), { ref: 2 }]);
      assert.deepEqual(await origin.replyTo(2), { [id]: "state-too-big" });
      await origin.command(undefined, ["state", id, null, { ref: 3 }]);
      assert.deepEqual(await origin.replyTo(3), { [id]: "stored" });
      client.text("without");
      assert.deepEqual(await origin.nextOf("message"), ["message", id, 3, "without"]);
      client.destroy();
    });

    it("tells who is there: by id, by group, in number alone", async () => {
      const before = Date.now();
      const members = await inGroup("who", gateway, gateway, other);
      const [one, , third] = members as [Member, Member, Member];
      const { node } = gateway.info;
      const gone = `${node}.${"A".repeat(26)}`;
      await origin.command(
        node,
        ["query", [one.id, gone], { ref: 1 }],
        ["query", one.id, { ref: 2 }],
        ["query", "who", { ref: 3, count: true }],
      );
      const byIds = await origin.replyTo(1);
      const [entry] = byIds.connections as { id: string; at: number; bufferedAmount: number }[];
      assert.deepEqual([byIds.node, byIds.count, byIds.gone], [node, 1, [gone]]);
      assert.deepEqual([entry?.id, entry?.bufferedAmount], [one.id, 0]);
      assert.ok(
        entry !== undefined && entry.at >= before - 1_000 && entry.at <= Date.now() + 1_000,
      );
      assert.equal((await origin.replyTo(2)).count, 1);
      assert.deepEqual(await origin.replyTo(3), { node, count: 2 });
      await origin.command(undefined, ["query", "who", { ref: 4 }]);
      const replies = [await origin.replyTo(4), await origin.replyTo(4)];
      const ids = replies.flatMap((reply) => (reply.connections as Values[]).map(({ id }) => id));
      assert.deepEqual(new Set(ids), new Set(members.map(({ id }) => id)));
      assert.equal(replies.find((reply) => reply.node === other.info.node)?.count, 1);
      leave(...members);
      await origin.closeOf(third.id);
    });

    it("does not send what is too old", async () => {
      const { client, id } = await join();
      const ago = Date.now() - 60_000;
      await origin.command(
        undefined,
        ["send", id, "old", { ttl: 1_000, at: ago, ref: 1 }],
        ["send", id, "never", { ttl: 0, ref: 2 }],
        ["publish", "@all", "old too", { ttl: 1_000, at: ago, ref: 3 }],
        ["send", id, "fresh", { ttl: 120_000, at: ago, ref: 4 }],
        ["send", id, "wrong", { ttl: -1 }],
      );
      assert.deepEqual(await origin.replyTo(1), { [id]: "expired" });
      assert.deepEqual(await origin.replyTo(2), { [id]: "expired" });
      assert.equal((await origin.replyTo(3)).sent, 0);
      assert.deepEqual(await origin.replyTo(4), { [id]: "sent" });
      assert.equal(await client.nextText(), "fresh");
      assert.ok((await metric(gateway, 'wss_errors_total{code="message-expired"}')) >= 3);
      client.destroy();
    });

    it("says slow of a client that does not read, in a send and in a publish", async () => {
      const [lazy] = (await inGroup("lazy", gateway)) as [Member];
      lazy.client.socket.pause();
      const { node } = gateway.info;
      const big = "x".repeat(32_768);
      const seen = new Set<unknown>();
      // The kernel takes some of it; then the queue is full and the connection is closed.
      for (let sent = 0; sent < 2_000 && !seen.has("slow"); sent++) {
        await origin.command(node, ["send", lazy.id, big, { ref: sent }]);
        if (sent % 50 === 49) {
          await waitFor(
            () => {
              for (const [verb, , result] of origin.events) {
                if (verb === "reply") seen.add((result as Values)[lazy.id]);
              }
              return seen.has("slow") || seen.has("sent");
            },
            { what: "an answer" },
          );
        }
      }
      assert.ok(seen.has("sent") && seen.has("slow"), [...seen].join());
      const [, , , code, , cause] = await origin.closeOf(lazy.id);
      assert.deepEqual([code === 1013 || code === 1006, cause], [true, "slow"]);
      await origin.command(node, ["send", lazy.id, "x", { ref: "end" }]);
      assert.deepEqual(await origin.replyTo("end"), { [lazy.id]: "gone" });
      leave(lazy);
    });
  });
}
