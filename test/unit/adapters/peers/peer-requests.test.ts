import assert from "node:assert/strict";
import { after, test } from "node:test";
import { peerLimits } from "../../../../adapters/peers/mod.ts";
import type { PeerMessage } from "../../../../adapters/peers/wire/mod.ts";
import { PeerNetwork } from "../../../support/broker/peer-network.ts";
import {
  listen,
  message,
  type RogueOptions,
  RoguePeer,
  type WireRequest,
} from "../../../support/broker/rogue-peer.ts";

/** A node without peers, and somebody who sends it requests. */
async function withRogue() {
  const network = await PeerNetwork.start();
  const node = await network.start("n1", { peers: [] });
  const rogue = new RoguePeer(network.url(0), node);
  after(async () => {
    rogue.close();
    await network.end();
  });
  return { node, rogue, seen: await listen(node) };
}

const command = message("default/nodes/n1/commands/o1");
const withHeader = (request: WireRequest, name: string, value: string): WireRequest => ({
  ...request,
  headers: { ...request.headers, [name]: value },
});

test("a genuine request is carried out once, and what is forged is not at all", async () => {
  const { node, rogue, seen } = await withRogue();
  const genuine = rogue.request([command]);
  const other = rogue.request([message("default/nodes/n1/commands/o2")]);
  const { authorization: _, ...unsigned } = genuine.headers;
  const forged: readonly (readonly [string, WireRequest, string])[] = [
    ["no signature", { ...genuine, headers: unsigned }, "401 peer-signature"],
    ["another secret", rogue.request([command], { secret: "wrong" }), "401 peer-signature"],
    ["another body", { ...genuine, body: other.body }, "401 peer-signature"],
    ["another digest", withHeader(genuine, "x-wss-digest", "x"), "401 peer-signature"],
    ["another sender", withHeader(genuine, "x-wss-from", "n2/x"), "401 peer-signature"],
    ["another number", withHeader(genuine, "x-wss-number", "1.1"), "401 peer-signature"],
    ["another time", withHeader(genuine, "x-wss-time", "1"), "401 peer-signature"],
    ["another path", { ...genuine, path: "/v1/hello" }, "401 peer-signature"],
    ["no sender", rogue.request([command], { node: "N" }), "400 peer-malformed"],
    ["more than a sender", rogue.request([command], { node: "n2/x" }), "400 peer-malformed"],
    ["no receiver", rogue.request([command], { to: "X" }), "400 peer-malformed"],
    ["too old", rogue.request([command], { now: Date.now() - 70_000 }), "401 peer-clock"],
    ["of the future", rogue.request([command], { now: Date.now() + 70_000 }), "401 peer-clock"],
    ["another start of the node", rogue.request([command], { to: "x" }), "409 peer-session"],
  ];
  for (const [what, request, answer] of forged) {
    assert.equal(await rogue.post(request), answer, what);
  }
  assert.deepEqual(seen, []);
  assert.equal(node.metrics.value("wss_errors_total", { code: "peer-signature" }), 8);
  assert.equal(await rogue.post(genuine), "200");
  assert.deepEqual(seen, ["default/nodes/n1/commands/o1 x"]);
});

test("a request that is replayed is not carried out again, whenever it is", async () => {
  const { rogue, seen } = await withRogue();
  const send = (options: RogueOptions): WireRequest => rogue.request([command], options);
  const first = send({ session: 5 });
  const second = send({ session: 5, number: 1 });
  assert.equal(await rogue.post(first), "200");
  assert.equal(await rogue.post(second), "200");
  for (const request of [first, second, first]) assert.equal(await rogue.post(request), "200");
  assert.equal(seen.length, 2, "a repeated request is confirmed and not carried out");
  assert.equal(await rogue.post(send({ session: 5, number: 3 })), "409 peer-session");
  assert.equal(await rogue.post(send({ session: 6 })), "200");
  assert.equal(seen.length, 3);
  for (const request of [first, second]) {
    assert.equal(await rogue.post(request), "409 peer-session", "of an earlier session");
  }
  assert.equal(await rogue.post(send({ session: 7, number: 1 })), "409 peer-session");
  assert.equal(seen.length, 3);
});

const presence = (incarnation: string): string =>
  JSON.stringify({ v: 1, incarnation, at: 1, every: 5_000 });

/** What a peer named `rogue` may not publish; the whole request is refused for one of them. */
const forbidden: readonly (readonly [string, PeerMessage])[] = [
  ["no topic", message("default/elsewhere")],
  ["another root", { ...command, topic: "other/v1/default/commands/o1" }],
  ["commands for another node", message("default/nodes/n2/commands/o1")],
  ["events of another node", message("default/events/0/n1")],
  ["events of another node to an origin", message("default/origins/o1/events/n2")],
  ["presence of this node", message("default/presence/nodes/n1", presence("x"), true)],
  ["presence of another node", message("default/presence/nodes/n2", presence("x"), true)],
  ["the end of another node", message("default/presence/nodes/n2", "", true)],
  ["a presence that is none", message("default/presence/nodes/rogue", "{}", true)],
  ["an origin's presence that is none", message("default/presence/origins/o1", "[]", true)],
  ["a presence that is not retained", message("default/presence/nodes/rogue", presence("x"))],
  ["a retained command", message("default/nodes/n1/commands/o1", "x", true)],
  ["a question for presence", message("default/presence/ask/o1")],
];

test("a peer publishes what a node may, and a request is never half done", async () => {
  const { rogue, seen } = await withRogue();
  for (const [what, bad] of forbidden) {
    const answer = await rogue.post(rogue.request([command, bad]));
    assert.equal(answer, "400 peer-topic", what);
  }
  assert.deepEqual(seen, []);
  const allowed = [
    message("default/nodes/n1/commands/rogue"),
    message("default/commands/o1"),
    message("default/groups/room/commands/o1"),
    message("default/groups/room/text"),
    message("default/events/0/rogue"),
    message("default/origins/o1/events/rogue"),
    message("strange/commands/o1"),
  ];
  assert.equal(await rogue.post(rogue.request(allowed)), "200");
  const expected = allowed.slice(0, -1).map(({ topic }) => `${topic.slice(7)} x`);
  assert.deepEqual(seen, expected, "and nothing of an app that is not served");
});

test("a peer sends nothing in the name of this node or of an origin here", async () => {
  const { node, rogue, seen } = await withRogue();
  const link = node.cluster.open({ name: "o1", role: "test" });
  await link.start({ connected: () => {}, message: () => {} });
  const payload = new TextEncoder().encode(presence("o"));
  link.publish("wss/v1/default/presence/origins/o1", payload, () => {}, true);
  const request = rogue.request([
    message("default/commands/n1"),
    message("default/commands/o1"),
    message("default/presence/origins/o1", "", true),
    message("default/commands/o2"),
  ]);
  assert.equal(await rogue.post(request), "200");
  const [announced, ...rest] = seen;
  assert.match(announced ?? "", /^default\/presence\/origins\/o1 \{/);
  assert.deepEqual(rest, ["default/commands/o2 x"]);
  assert.equal(node.metrics.value("wss_errors_total", { code: "peer-topic" }), 3);
  await link.stop();
});

test("a body that is no batch is refused, with the place", async () => {
  const { rogue, seen } = await withRogue();
  const bodies = [
    [],
    [0xc1],
    [0x90],
    [0x93, 2, 0x90, 0x90],
    [0x93, 1, 0x91, 0xc0, 0x90],
    [0x93, 1, 0x90, 0x91, 0xc0],
    [0x93, 1, 0x90, 0x91, 0x93, 0xa1, 0x78, 0xc0, 0],
  ];
  for (const body of bodies) {
    const request = rogue.signed("/v1/messages", Uint8Array.from(body));
    assert.equal(await rogue.post(request), "400 peer-malformed", String(body));
  }
  assert.deepEqual(seen, []);
});

test("what is too long, or no request of a peer, is refused before anything is read", async () => {
  const { node } = await withRogue();
  const never = (): Promise<never> => assert.fail("the body is read");
  const ask = async (path: string, init: RequestInit, source = {}): Promise<string> => {
    const request = new Request(`http://127.0.0.1${path}`, init);
    const from = { address: "127.0.0.1", length: 0, body: never, ...source };
    const answer = await node.cluster.handle(request, from);
    const { code } = (await answer.json()) as { code: string };
    return `${answer.status} ${code}`;
  };
  assert.equal(await ask("/", { method: "GET" }), "404 request-path");
  assert.equal(await ask("/v1/messages", { method: "GET" }), "405 request-method");
  const unsigned = { method: "POST", body: "x" };
  assert.equal(await ask("/v1/messages", unsigned), "401 peer-signature");
  const rogue = new RoguePeer("http://127.0.0.1", node);
  const { headers } = rogue.request([]);
  const length = peerLimits.bodyBytesMax + 1;
  const long = await ask("/v1/messages", { method: "POST", headers }, { length });
  assert.equal(long, "413 request-too-big");
});

test("without a secret only programs of this machine are peers", async () => {
  const network = await PeerNetwork.start();
  const node = await network.start("n1", { peers: [], secret: "" });
  const rogue = new RoguePeer(network.url(0), node);
  const { headers } = rogue.request([], { secret: "" });
  const ask = async (address: string, more: Record<string, string> = {}): Promise<number> => {
    const init = { method: "POST", headers: { ...headers, ...more } };
    const request = new Request("http://127.0.0.1/v1/hello", init);
    const body = async (): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(0);
    const source = { address, length: 0, body };
    return (await node.cluster.handle(request, source)).status;
  };
  assert.equal(await ask("10.0.0.1"), 403);
  assert.equal(await ask("127.0.0.1", { origin: "http://127.0.0.1:8080" }), 403);
  assert.equal(await rogue.post(rogue.request([command], { secret: "" })), "200");
  rogue.close();
  await network.end();
});
