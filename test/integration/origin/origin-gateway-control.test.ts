import assert from "node:assert/strict";
import process from "node:process";
import { after, afterEach, before, test } from "node:test";
import {
  type Connection,
  connectOrigin,
  type Origin,
  type OriginMessageEvent,
  ServiceError,
} from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type GatewayProcess, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

type Gateway = GatewayProcess & { readonly info: Started };

interface Seat {
  readonly seat: number;
}

/** A client's end of a connection, and the origin's. */
interface Member {
  readonly client: RawClient;
  readonly connection: Connection<Seat>;
}

let broker: Mosquitto;
let first: Gateway;
let second: Gateway;
let origin: Origin<Seat>;
const opened: Connection<Seat>[] = [];
let said: OriginMessageEvent<Seat>[] = [];
let clients: RawClient[] = [];
let closed: string[] = [];
let errors: string[] = [];

function startNode(): Promise<Gateway> {
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--drain-period", "0ms"];
  flags.push("--presence-interval", "200ms", "--max-groups-per-connection", "3");
  return startGateway({ flags, kept: true });
}

before(async () => {
  broker = await Mosquitto.start();
  origin = await connectOrigin<Seat>({ broker: broker.url() });
  origin.authorize(async ({ query }) => {
    const user = new URLSearchParams(query).get("user");
    return user === null ? {} : { user };
  });
  origin.on("open", ({ connection }) => void opened.push(connection));
  origin.on("message", (event) => void said.push(event));
  origin.on("close", ({ connection }) => void closed.push(connection.id));
  origin.on("error", ({ error }) => void errors.push((error as ServiceError).code));
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
  said = [];
  closed = [];
});

async function enter(node: Gateway = first, path = "/"): Promise<Member> {
  const client = await RawClient.open(node.info.port, { path });
  clients.push(client);
  const connection = await waitFor(() => opened.shift(), { what: "open" });
  return { client, connection };
}

/** Members of a group, one on each of these nodes. */
async function inGroup(group: string, ...nodes: Gateway[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const node of nodes) {
    const member = await enter(node);
    assert.equal(await member.connection.join(group), "joined");
    members.push(member);
  }
  return members;
}

const idsOf = (members: readonly Member[]): string[] =>
  members.map(({ connection }) => connection.id).sort();

test("join and leave tell what they came to", async () => {
  const { client, connection } = await enter();
  assert.equal(await connection.join("café ☕/+#"), "joined");
  origin.group("café ☕/+#").publish("in");
  assert.equal(await client.nextText(), "in");
  assert.equal(await connection.leave("café ☕/+#"), "left");
  assert.equal(await connection.leave("café ☕/+#"), "left");
  client.destroy();
  await waitFor(() => closed.includes(connection.id), { what: "close" });
  assert.equal(await connection.join("late"), "gone");
});

const hasCode = (code: string) => (error: unknown) =>
  error instanceof ServiceError && error.code === code;

test("a group that is none, or one too many, is refused by its code, awaited or not", async () => {
  const { connection } = await enter();
  for (const group of ["a", "b", "c"]) assert.equal(await connection.join(group), "joined");
  await assert.rejects(connection.join("d"), hasCode("group-limit"));
  const outcomes = await origin.group("d").join([connection]);
  assert.deepEqual([...outcomes], [[connection.id, "group-limit"]]);
  // Nobody waits for it: it may not end the process, and is told all the same.
  errors = [];
  connection.join("e");
  await waitFor(() => errors.length > 0, { what: "the refusal" });
  assert.deepEqual(errors, ["group-limit"]);
  for (const name of ["", "x".repeat(257), "\ud800"]) {
    assert.throws(() => origin.group(name), hasCode("group-name"), name.slice(0, 9));
    await assert.rejects(connection.join(name), hasCode("group-name"), name.slice(0, 9));
  }
  for (const name of ["@all", "@user/ann"]) {
    await assert.rejects(connection.join(name), hasCode("group-name"), name);
  }
});

test("setState is what comes with the messages that follow", async () => {
  const { client, connection } = await enter();
  assert.equal(await connection.setState({ seat: 7 }), "stored");
  assert.deepEqual(connection.state, { seat: 7 });
  client.text("hi");
  await waitFor(() => said.length === 1, { what: "the message" });
  assert.deepEqual(said[0]?.state, { seat: 7 });
  assert.equal(await connection.setState(undefined), "stored");
  client.text("again");
  await waitFor(() => said.length === 2, { what: "the other message" });
  assert.deepEqual([said[1]?.state, connection.state], [undefined, undefined]);
  const big = { seat: "x".repeat(5_000) } as never;
  await assert.rejects(connection.setState(big), hasCode("state-too-big"));
  assert.equal(connection.state, undefined);
});

test("a publish reaches the members on all nodes but those left out, in order", async () => {
  const members = await inGroup("news", first, first, second);
  const [one, two, three] = members as [Member, Member, Member];
  const group = origin.group("news");
  group.publish("1");
  group.publish("2", { except: one.connection });
  group.publish("3", { except: [one.connection, two.connection.id] });
  group.publish(Uint8Array.from([4, 255]));
  assert.equal(await one.client.nextText(), "1");
  assert.deepEqual([...(await one.client.frame()).payload], [4, 255]);
  for (const text of ["1", "2"]) assert.equal(await two.client.nextText(), text);
  assert.deepEqual([...(await two.client.frame()).payload], [4, 255]);
  for (const text of ["1", "2", "3"]) assert.equal(await three.client.nextText(), text);
});

test("a publish finds those whose join is still under way", async () => {
  const members = await Promise.all([enter(first)]);
  const [{ client, connection }] = members as [Member];
  for (let round = 0; round < 20; round++) {
    const joined = connection.join("quick");
    origin.group("quick").publish(`round ${round}`);
    assert.equal(await client.nextText(), `round ${round}`);
    assert.equal(await joined, "joined");
    await connection.leave("quick");
  }
});

test("publishWithReply counts what became of it, node by node", async () => {
  const members = await inGroup("counted", first, first, second);
  const [one] = members as [Member, Member, Member];
  const group = origin.group("counted");
  const all = await group.publishWithReply("x");
  assert.deepEqual([all.sent, all.slow, all.gone, all.expired, all.missing], [3, 0, 0, 0, []]);
  assert.equal(all.nodes.get(first.info.node)?.sent, 2);
  assert.equal(all.nodes.get(second.info.node)?.sent, 1);
  const others = await group.publishWithReply("y", { except: one.connection });
  assert.equal(others.sent, 2);
  for (const { client } of members) assert.equal(await client.nextText(), "x");
});

test("a group takes members in and lets them go", async () => {
  const members = [await enter(first), await enter(second)];
  const group = origin.group("crew");
  const connections = members.map(({ connection }) => connection);
  const joined = await group.join(connections);
  assert.deepEqual([...joined.values()], ["joined", "joined"]);
  assert.deepEqual(await group.count(), { count: 2, missing: [] });
  await group.leave(connections[0]!);
  const { connections: left, missing } = await group.connections();
  assert.deepEqual(
    left.map(({ id }) => id),
    [connections[1]?.id],
  );
  assert.deepEqual(missing, []);
});

test("connections tells who is there, over all nodes: by group and by id", async () => {
  const before = Date.now();
  const members = await inGroup("who", first, first, second);
  const [one, , three] = members as [Member, Member, Member];
  const { connections, missing } = await origin.connections({ group: "who" });
  assert.deepEqual(connections.map(({ id }) => id).sort(), idsOf(members));
  assert.deepEqual(missing, []);
  const entry = connections.find(({ id }) => id === one.connection.id);
  assert.ok(entry !== undefined);
  assert.deepEqual([entry.node, entry.bufferedAmount], [first.info.node, 0]);
  assert.ok(Number(entry.at) >= before - 1_000 && Number(entry.at) <= Date.now() + 1_000);
  assert.deepEqual(await origin.count({ group: "who" }), { count: 3, missing: [] });
  assert.ok((await origin.count()).count >= 3);
  const nobody = `${first.info.node}.${"A".repeat(26)}`;
  const ids = [one.connection, three.connection.id, nobody];
  const named = await origin.connections({ ids });
  assert.deepEqual(
    named.connections.map(({ id }) => id).sort(),
    [one.connection.id, three.connection.id].sort(),
  );
  assert.deepEqual(named.gone, [nobody]);
});

test("a user is all of its connections, wherever they are", async () => {
  const members = [await enter(first, "/?user=ann"), await enter(second, "/?user=ann")];
  const bob = await enter(first, "/?user=bob");
  const ann = origin.user("ann");
  ann.send("to ann");
  for (const { client } of members) assert.equal(await client.nextText(), "to ann");
  const told = await ann.sendWithReply("again");
  assert.deepEqual([told.sent, told.missing], [2, []]);
  assert.equal((await ann.count()).count, 2);
  const { connections } = await ann.connections();
  assert.deepEqual(connections.map(({ id }) => id).sort(), idsOf(members));
  assert.ok(connections.every(({ user }) => user === "ann"));
  assert.deepEqual(await ann.close(4_001, "not now"), { count: 2, missing: [] });
  for (const { client } of members) {
    assert.deepEqual(await client.closeFrame(), { code: 4_001, reason: "not now" });
  }
  origin.everyone().publish("to all");
  assert.equal(await bob.client.nextText(), "to all");
});

test("a send may be too old, and its reply says so", async () => {
  const { client, connection } = await enter();
  assert.equal(await connection.sendWithReply("old", { ttlMs: 0 }), "expired");
  connection.send("older", { ttlMs: 0 });
  assert.equal(await connection.sendWithReply("new", { ttlMs: 10_000 }), "sent");
  assert.equal(await client.nextText(), "new");
});

test("what waits for an answer ends by its signal, and by its time", async () => {
  const { connection } = await enter();
  const gone = AbortSignal.abort(new Error("changed my mind"));
  const waits = [
    () => connection.sendWithReply("x", { signal: gone }),
    () => origin.sendWithReply([connection.id], "x", { signal: gone }),
    () => origin.group("g").publishWithReply("x", { signal: gone }),
    () => origin.connections({ group: "g", signal: gone }),
    () => origin.count({ group: "g", signal: gone }),
  ];
  for (const wait of waits) await assert.rejects(async () => wait(), /changed my mind/);
  const nowhere = origin.connection(`nobody.${"A".repeat(26)}`);
  const controller = new AbortController();
  const waiting = nowhere.sendWithReply("x", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.equal(await nowhere.sendWithReply("x", { timeoutMs: 50 }), "unknown");
});

test("a node that does not answer is named as missing", async () => {
  const third = await startNode();
  const { connection } = await enter(third);
  assert.equal(await connection.join("broken"), "joined");
  const { pid, info } = third;
  assert.ok(pid !== undefined);
  // Deno's `kill` of a child works once.
  process.kill(pid, "SIGSTOP");
  // Both end when its heartbeats have been missed, long before their own time.
  const [told, asked] = await Promise.all([
    origin.group("broken").publishWithReply("x"),
    origin.connections({ group: "broken" }),
  ]);
  process.kill(pid, "SIGKILL");
  assert.deepEqual([told.missing, asked.missing], [[info.node], [info.node]]);
  await third[Symbol.asyncDispose]();
  await waitFor(
    async () => (await origin.group("broken").publishWithReply("x")).missing.length === 0,
    { what: "nobody to wait for" },
  );
});
