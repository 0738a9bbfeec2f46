import assert from "node:assert/strict";
import process from "node:process";
import { after, afterEach, before, test } from "node:test";
import {
  type AuthorizeHandler,
  type Connection,
  connectOrigin,
  type Origin,
  type OriginMessageEvent,
  reject,
} from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type Handshake, handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import type { RunningGateway } from "../../support/gateway/control-rig.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

interface Seat {
  readonly seat: number;
}

/** A client's end of a connection, and the origin's. */
interface Member {
  readonly client: RawClient;
  readonly connection: Connection<Seat>;
}

let broker: Mosquitto;
let first: RunningGateway;
let second: RunningGateway;
let origin: Origin<Seat>;
/** Decides about handshakes; by default their query says who it is. */
let decide: AuthorizeHandler<Seat> | undefined;
const opened: Connection<Seat>[] = [];
const said: OriginMessageEvent<Seat>[] = [];
const errors: unknown[] = [];
let clients: RawClient[] = [];

function startNode(): Promise<RunningGateway> {
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--drain-period", "0ms"];
  flags.push("--presence-interval", "200ms", "--authorize-timeout", "1s", "--cookies", "session");
  flags.push("--routes", "/room/:room=default");
  return startGateway({ flags, kept: true });
}

before(async () => {
  broker = await Mosquitto.start();
  origin = await connectOrigin<Seat>({ broker: broker.url() });
  origin.authorize((request) => {
    if (decide !== undefined) return decide(request);
    const user = new URLSearchParams(request.query).get("user");
    return user === null ? {} : { user };
  });
  origin.on("open", ({ connection }) => void opened.push(connection));
  origin.on("message", (event) => void said.push(event));
  origin.on("error", ({ error }) => void errors.push((error as { code?: string }).code));
  [first, second] = await Promise.all([startNode(), startNode()]);
});

after(async () => {
  await origin.close();
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  await broker[Symbol.asyncDispose]();
});

afterEach(() => {
  for (const client of clients) client.destroy();
  clients = [];
  decide = undefined;
});

async function knock(handshake: Handshake): Promise<RawClient> {
  const client = await RawClient.connect(first.info.port);
  clients.push(client);
  client.write(handshakeText(handshake));
  return client;
}

async function enter(node: RunningGateway = first, path = "/room/a"): Promise<Member> {
  const client = await RawClient.open(node.info.port, { path });
  clients.push(client);
  return { client, connection: await waitFor(() => opened.shift(), { what: "open" }) };
}

test("a handler sees what the client sent, and what it grants is there", async () => {
  let asked: Parameters<AuthorizeHandler<Seat>>[0] | undefined;
  decide = async (request) => {
    asked = request;
    const headers = { "X-Seat": "7" };
    return { user: "eve", groups: ["café/1"], state: { seat: 7 }, subprotocol: "v1", headers };
  };
  const client = await knock({
    path: "/room/bl%C3%BCe?x=1",
    headers: { Cookie: "session=abc", "Sec-WebSocket-Protocol": "v1" },
  });
  const answer = await client.answer();
  assert.equal(answer.statusCode, 101);
  assert.equal(answer.headers.get("sec-websocket-protocol"), "v1");
  assert.equal(answer.headers.get("x-seat"), "7");
  const { id, at, signal, headers, ...rest } = asked!;
  assert.ok(at !== undefined && Math.abs(at - Date.now()) < 60_000, String(at));
  assert.deepEqual(rest, {
    path: "/room/bl%C3%BCe",
    query: "x=1",
    cookies: { session: "abc" },
    ip: "127.0.0.1",
    subprotocols: ["v1"],
    params: { room: "blüe" },
    timeoutMs: 1_000,
  });
  assert.equal(headers.host, "127.0.0.1");
  assert.ok(!signal.aborted);
  const connection = await waitFor(() => opened.shift(), { what: "open" });
  assert.deepEqual([connection.id, connection.user], [id, "eve"]);
  client.text("hi");
  const message = await waitFor(() => said.shift(), { what: "the message" });
  assert.deepEqual([message.data, message.state], ["hi", { seat: 7 }]);
  origin.group("café/1").publish("by the group");
  assert.equal(await client.nextText(), "by the group");
  origin.user("eve").send("by the user");
  assert.equal(await client.nextText(), "by the user");
});

test("a handler refuses, and one that does not answer in time is told by its signal", async () => {
  decide = () => reject(401, "who are you?", { headers: { "WWW-Authenticate": "Basic" } });
  const refused = await (await knock({ path: "/room/a" })).wholeAnswer();
  assert.deepEqual([refused.statusCode, refused.body], [401, "who are you?"]);
  assert.equal(refused.headers.get("www-authenticate"), "Basic");
  let aborted = false;
  decide = async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    aborted = signal.aborted;
  };
  assert.equal((await (await knock({ path: "/room/a" })).answer()).statusCode, 504);
  await waitFor(() => aborted && errors.includes("authorize-timeout"), { what: "the error" });
});

test("state, groups and age of a connection are changed, and their outcome told", async () => {
  const { client, connection } = await enter();
  assert.equal(await connection.setState({ seat: 7 }), "stored");
  client.text("hi");
  assert.deepEqual((await waitFor(() => said.shift())).state, { seat: 7 });
  assert.equal(await connection.join("café ☕/+#"), "joined");
  origin.group("café ☕/+#").publish("in");
  assert.equal(await client.nextText(), "in");
  assert.equal(await connection.leave("café ☕/+#"), "left");
  assert.equal(await connection.sendWithReply("old", { ttlMs: 0 }), "expired");
  assert.equal(await connection.renew(Date.now() + 300), "renewed");
  assert.equal((await client.closeFrame())?.code, 4401);
  client.destroy();
  await waitFor(async () => (await connection.join("late")) === "gone", { what: "its end" });
});

test("a publish reaches the members on all nodes but those left out, in order", async () => {
  const members = [await enter(first), await enter(first), await enter(second)];
  const [one, two, three] = members as [Member, Member, Member];
  const group = origin.group("news");
  // Those whose join is still under way are found.
  void group.join(members.map(({ connection }) => connection));
  group.publish("1");
  group.publish("2", { except: one.connection });
  group.publish("3", { except: [one.connection, two.connection.id] });
  const all = await group.publishWithReply(Uint8Array.from([4, 255]));
  assert.deepEqual([all.sent, all.missing, all.nodes.size], [3, [], 2]);
  for (const [{ client }, texts] of [
    [one, ["1"]],
    [two, ["1", "2"]],
    [three, ["1", "2", "3"]],
  ] as const) {
    for (const text of texts) assert.equal(await client.nextText(), text);
    assert.deepEqual([...(await client.frame()).payload], [4, 255]);
  }
  const nobody = `${first.info.node}.${"A".repeat(26)}`;
  const named = await origin.connections({ ids: [one.connection, three.connection.id, nobody] });
  assert.deepEqual([named.connections.length, named.gone], [2, [nobody]]);
  assert.deepEqual(await origin.count({ group: "news" }), { count: 3, missing: [] });
});

test("a user is all of its connections, wherever they are", async () => {
  const path = "/room/a?user=ann";
  const members = [await enter(first, path), await enter(second, path)];
  const ann = origin.user("ann");
  const told = await ann.sendWithReply("to ann");
  assert.deepEqual([told.sent, told.missing], [2, []]);
  for (const { client } of members) assert.equal(await client.nextText(), "to ann");
  const { connections } = await ann.connections();
  assert.deepEqual(
    connections.map(({ id, user }) => `${id} ${user}`).sort(),
    members.map(({ connection: { id } }) => `${id} ann`).sort(),
  );
  assert.deepEqual(await ann.close(4_001, "not now"), { count: 2, missing: [] });
  for (const { client } of members) {
    assert.deepEqual(await client.closeFrame(), { code: 4_001, reason: "not now" });
  }
});

test("a node that does not answer is named as missing", async () => {
  const third = await startNode();
  const { connection } = await enter(third);
  assert.equal(await connection.join("broken"), "joined");
  const { pid, info } = third;
  // Deno's `kill` of a child works once.
  process.kill(pid as number, "SIGSTOP");
  // Both end when its heartbeats have been missed, long before their own time.
  const [told, asked] = await Promise.all([
    origin.group("broken").publishWithReply("x"),
    origin.connections({ group: "broken" }),
  ]);
  process.kill(pid as number, "SIGKILL");
  assert.deepEqual([told.missing, asked.missing], [[info.node], [info.node]]);
  await third[Symbol.asyncDispose]();
});
