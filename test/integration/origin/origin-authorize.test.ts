import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type AuthorizeRequest, reject } from "../../../adapters/origin/mod.ts";
import { errorsOf, OriginRig, refOf } from "../../support/origins/origin-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

let rig: OriginRig;

beforeEach(async () => {
  rig = await OriginRig.start();
});

afterEach(() => rig.stop());

const asks = (id: string, more: Record<string, unknown> = {}): unknown[] => [
  "connect",
  id,
  { path: "/room", query: "t=1", ip: "::1", timeout: 10_000, ...more },
];

test("what authorize returns is what accept and reject carry", async () => {
  const origin = await rig.connect<{ n: number }>();
  const requests: AuthorizeRequest[] = [];
  const until5 = new Date(5_000);
  origin.authorize(async (request) => {
    requests.push(request);
    await Promise.resolve();
    if (request.id === "n1.no") return reject(403, "no", { headers: { "x-why": "because" } });
    if (request.id === "n1.bare") return;
    const headers = { "set-cookie": "a=b" };
    const grant = { user: "ada", groups: new Set(["g"]), state: { n: 1 }, subprotocol: "chat" };
    return { ...grant, headers, expires: until5 };
  });
  const more = { headers: { host: "h" }, cookies: { s: "1" }, subprotocols: ["chat"] };
  rig.gateway.assigned("n1", "o1", [asks("n1.yes", more), asks("n1.no"), asks("n1.bare")]);
  const accept = await rig.nextOf("accept");
  const ref = refOf(accept);
  assert.match(ref, /^o1:/);
  const map = { user: "ada", groups: ["g"], state: { n: 1 }, subprotocol: "chat", expires: 5_000 };
  const headers = { "set-cookie": "a=b" };
  assert.deepEqual(accept.item, ["accept", "n1.yes", { ...map, headers, ref }]);
  const options = { headers: { "x-why": "because" } };
  assert.deepEqual((await rig.nextOf("reject")).item, ["reject", "n1.no", 403, "no", options]);
  const bare = await rig.nextOf("accept");
  assert.deepEqual(bare.item, ["accept", "n1.bare", { ref: refOf(bare) }]);
  const { signal, ...request } = requests[0]!;
  assert.equal(signal.aborted, false);
  assert.deepEqual(request, {
    id: "n1.yes",
    path: "/room",
    query: "t=1",
    ip: "::1",
    timeoutMs: 10_000,
    headers: { host: "h" },
    cookies: { s: "1" },
    params: {},
    subprotocols: ["chat"],
  });
});

test("a handler that fails rejects with 500; an accept that fails is told", async () => {
  const origin = await rig.connect();
  const codes = errorsOf(origin);
  const messages: string[] = [];
  origin.on("error", ({ error }) => void messages.push(error.message));
  const off = origin.authorize(({ id }) => {
    if (id === "n1.throws") throw new Error("the table is away");
    if (id === "n1.status") return reject(200);
    if (id === "n1.group") return { groups: [""] };
    return {};
  });
  assert.throws(() => origin.authorize(() => {}), { code: "setting-invalid" });
  for (const id of ["n1.throws", "n1.status", "n1.group"]) {
    rig.gateway.assigned("n1", "o1", [asks(id)]);
    assert.deepEqual((await rig.nextOf("reject")).item.slice(0, 3), ["reject", id, 500]);
  }
  assert.equal(messages[0], "the table is away");
  assert.deepEqual(codes.slice(1), ["command-malformed", "group-name"]);
  rig.gateway.assigned("n1", "o1", [asks("n1.late")]);
  rig.answer("n1", refOf(await rig.nextOf("accept")), { "n1.late": "handshake-gone" });
  rig.answer("n1", null, { "n1.other": "handshake-subprotocol" });
  await waitFor(() => codes.length === 5, { what: "both" });
  assert.deepEqual(codes.slice(3).sort(), ["handshake-gone", "handshake-subprotocol"]);
  off();
  rig.gateway.assigned("n1", "o1", [asks("n1.nobody")]);
  assert.equal((await rig.nextOf("reject")).item[2], 503);
  assert.equal(codes.at(-1), "handshake-rejected");
  // In open mode another origin may be the one that decides.
  rig.gateway.events("n1", "i1", [asks("n1.open"), ["open", "n1.b", 0, {}]]);
  await waitFor(() => origin.knownConnections === 1, { what: "the event behind it" });
  assert.equal(rig.gateway.commands.filter(({ item }) => item[0] === "reject").length, 0);
});

test("handshakes wait side by side, confirmed when decided, and given up in time", async () => {
  const origin = await rig.connect();
  const codes = errorsOf(origin);
  const release: (() => void)[] = [];
  const aborted: string[] = [];
  origin.authorize(({ id, signal }) => {
    signal.addEventListener("abort", () => void aborted.push(id));
    return new Promise((resolve) => void release.push(resolve));
  });
  const said: unknown[] = [];
  origin.on("message", ({ data }) => void said.push(data));
  const acks = (): number[] =>
    rig.gateway.commands
      .filter(({ item }) => item[0] === "ack")
      .map(({ item }) => Number(item[2]));
  rig.gateway.assigned("n1", "o1", [["open", "n1.m", 0, {}]]);
  await waitFor(() => acks().includes(1), { what: "the first ack" });
  rig.gateway.assigned("n1", "o1", [asks("n1.a", { timeout: 60 }), asks("n1.b")]);
  rig.gateway.assigned("n1", "o1", [["message", "n1.m", 1, "not held up"]]);
  await waitFor(() => said.length === 1, { what: "the message" });
  assert.equal(release.length, 2, "both are asked about at once");
  rig.gateway.assigned("n1", "o1", [asks("n1.b")], 2);
  await waitFor(() => aborted.length === 1, { what: "the end of one" });
  assert.deepEqual([aborted, codes], [["n1.a"], ["authorize-timeout"]]);
  assert.ok(!acks().some((count) => count > 1), "the other one waits");
  for (const resolve of release) resolve();
  assert.equal((await rig.nextOf("accept")).item[1], "n1.b", "nothing is said to who is gone");
  await waitFor(() => acks().includes(4), { what: "the last ack" });
  assert.equal(release.length, 2, "what comes again is asked about once");
  rig.gateway.assigned("n1", "o1", [asks("n1.c")], 2);
  await waitFor(() => release.length === 3, { what: "its handler" });
  await origin.close();
  assert.deepEqual(aborted, ["n1.a", "n1.c"]);
});
