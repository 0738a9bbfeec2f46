import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type AuthorizeHandler,
  type Connection,
  connectOrigin,
  type Origin,
  type OriginMessageEvent,
  reject,
  type ServiceError,
} from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type Handshake, handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { patience, waitFor } from "../../support/process/wait.ts";

type User = "ann" | "bob";

interface Seat {
  readonly seat: number;
}

let broker: Mosquitto;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let origin: Origin<Seat, User>;
let remove: (() => void) | undefined;
let received: Received;

/** What a test's origin receives, and the clients that knocked. */
interface Received {
  readonly opened: Connection<Seat, User>[];
  readonly said: OriginMessageEvent<Seat, User>[];
  readonly closed: string[];
  readonly errors: string[];
  readonly clients: RawClient[];
}

const nothing = (): Received => ({ opened: [], said: [], closed: [], errors: [], clients: [] });

before(async () => {
  received = nothing();
  broker = await Mosquitto.start();
  origin = await connectOrigin<Seat, User>({ broker: broker.url() });
  origin.on("open", ({ connection }) => void received.opened.push(connection));
  origin.on("message", (event) => void received.said.push(event));
  origin.on("close", ({ code, reason }) => void received.closed.push(`${code} ${reason}`));
  origin.on("error", ({ error }) => {
    received.errors.push((error as Partial<ServiceError>).code ?? error.message);
  });
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--drain-period", "0ms"];
  flags.push("--authorize-timeout", "1s", "--subprotocols", "chat.v1", "--cookies", "session");
  flags.push("--origin-mode", "assigned", "--routes", "/room/:room=default");
  gateway = await startGateway({ flags, kept: true });
  remove = origin.authorize(() => reject(418));
  await waitFor(async () => (await statusOf()) === 418, { what: "the origin at the node" });
});

after(async () => {
  await origin.close();
  await gateway[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

/** Begins anew: all clients go, and the handler with them. */
async function decide(handler?: AuthorizeHandler<Seat, User>): Promise<void> {
  remove?.();
  remove = undefined;
  for (const client of received.clients) client.destroy();
  const { opened, closed } = received;
  await waitFor(() => closed.length === opened.length, { what: "all closed" });
  received = nothing();
  if (handler !== undefined) remove = origin.authorize(handler);
}

async function knock(handshake: Handshake = {}): Promise<RawClient> {
  const client = await RawClient.connect(gateway.info.port);
  received.clients.push(client);
  client.write(handshakeText({ path: "/room/a", ...handshake }));
  return client;
}

/** The status of the answer to one more handshake. */
async function statusOf(handshake?: Handshake): Promise<number> {
  return (await (await knock(handshake)).answer()).statusCode;
}

test("a handler sees what the client sent, and says who it is", async () => {
  let asked: Parameters<AuthorizeHandler<Seat, User>>[0] | undefined;
  await decide(async (request) => {
    asked = request;
    return {
      user: "ann",
      groups: ["café/1"],
      state: { seat: 7 },
      subprotocol: "special",
      headers: { "X-Seat": "7" },
    };
  });
  const client = await knock({
    path: "/room/bl%C3%BCe?x=1",
    headers: { Cookie: "session=abc", "Sec-WebSocket-Protocol": "chat.v1, special" },
  });
  const answer = await client.answer();
  assert.equal(answer.statusCode, 101);
  assert.equal(answer.headers.get("sec-websocket-protocol"), "special");
  assert.equal(answer.headers.get("x-seat"), "7");
  assert.ok(asked !== undefined);
  const { id, at, signal, headers, ...rest } = asked;
  assert.ok(at !== undefined && Math.abs(at - Date.now()) < 60_000, String(at));
  assert.deepEqual(rest, {
    path: "/room/bl%C3%BCe",
    query: "x=1",
    cookies: { session: "abc" },
    ip: "127.0.0.1",
    subprotocols: ["chat.v1", "special"],
    params: { room: "blüe" },
    timeoutMs: 1_000,
  });
  assert.equal(headers.host, "127.0.0.1");
  assert.ok(signal instanceof AbortSignal && !signal.aborted);
  const connection = await waitFor(() => received.opened[0], { what: "open" });
  assert.equal(connection.id, id);
  assert.deepEqual([connection.user, connection.state], ["ann", { seat: 7 }]);
  assert.equal(connection.info?.user, "ann");
  client.text("hi");
  const message = await waitFor(() => received.said[0], { what: "the message" });
  assert.deepEqual([message.data, message.state?.seat], ["hi", 7]);
  origin.group("café/1").publish("by the group");
  assert.equal(await client.nextText(), "by the group");
  origin.user("ann").send("by the user");
  assert.equal(await client.nextText(), "by the user");
});

test("a handler that returns nothing lets in", async () => {
  await decide(async () => {});
  const client = await knock({ headers: { "Sec-WebSocket-Protocol": "chat.v1" } });
  const answer = await client.answer();
  assert.equal(answer.statusCode, 101);
  assert.equal(answer.headers.get("sec-websocket-protocol"), "chat.v1");
  const connection = await waitFor(() => received.opened[0], { what: "open" });
  assert.deepEqual([connection.user, connection.state], [undefined, undefined]);
});

test("a handler that rejects says status, body and headers", async () => {
  await decide(() => reject(401, "who are you?", { headers: { "WWW-Authenticate": "Basic" } }));
  const { statusCode, body, headers } = await (await knock()).wholeAnswer();
  assert.deepEqual([statusCode, body], [401, "who are you?"]);
  assert.equal(headers.get("www-authenticate"), "Basic");
  assert.deepEqual([received.opened, received.errors], [[], []]);
});

test("a handler that throws is a 500 and an error, and the next one is asked again", async () => {
  let calls = 0;
  await decide(async () => {
    calls++;
    if (calls === 1) throw new Error("no database");
  });
  assert.equal(await statusOf(), 500);
  await waitFor(() => received.errors.length === 1, { what: "the error" });
  assert.deepEqual(received.errors, ["no database"]);
  assert.equal(await statusOf(), 101);
});

test("an answer that is none is a 500 and an error with its code", async () => {
  const answers: [unknown, string][] = [
    [{ subprotocol: "nobody" }, "handshake-subprotocol"],
    [{ user: "" }, "handshake-grant"],
    [{ headers: { "Sec-WebSocket-Accept": "x" } }, "handshake-grant"],
    [{ groups: ["@all"] }, "group-name"],
    [{ state: { seat: "x".repeat(5_000) } }, "state-too-big"],
  ];
  let answer: unknown;
  await decide(async () => answer as never);
  for (const [wrong, code] of answers) {
    answer = wrong;
    assert.equal(await statusOf(), 500, code);
    await waitFor(() => received.errors.shift() === code, { what: code });
  }
});

test("without a handler it is a 503 and an error, after its removal too", async () => {
  await decide();
  assert.equal(await statusOf(), 503);
  await waitFor(() => received.errors.length === 1, { what: "the error" });
  assert.deepEqual(received.errors, ["handshake-rejected"]);
  const off = origin.authorize(async () => {});
  assert.throws(() => origin.authorize(async () => {}), { code: "setting-invalid" });
  assert.equal(await statusOf(), 101);
  off();
  assert.equal(await statusOf(), 503);
});

test("the signal ends when the gateway waits no longer, and an error tells it", async () => {
  const aborted: boolean[] = [];
  await decide(async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    aborted.push(signal.aborted);
  });
  assert.equal(await statusOf(), 504);
  await waitFor(() => aborted.length === 1, { what: "the signal" });
  await waitFor(() => received.errors.length > 0, { what: "the error" });
  assert.deepEqual(
    [aborted, received.errors, received.opened],
    [[true], ["authorize-timeout"], []],
  );
});

test("a hundred wait while another's messages pass", async () => {
  const waiting: (() => void)[] = [];
  await decide(({ query }) => {
    if (query === "now") return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  });
  const talker = await knock({ path: "/room/a?now" });
  assert.equal((await talker.answer()).statusCode, 101);
  const others = await Promise.all(Array.from({ length: 100 }, () => knock()));
  await waitFor(() => waiting.length === 100, { what: "a hundred" });
  talker.text("between");
  await waitFor(() => received.said.length === 1, { what: "the message" });
  for (const release of waiting) release();
  for (const client of others) assert.equal((await client.answer()).statusCode, 101);
  await waitFor(() => received.opened.length === 101, { what: "all open" });
});

test("a connection ends with its time, unless it is renewed", async () => {
  const expires = new Date(Date.now() + 1_500 * patience());
  await decide(async () => ({ expires }));
  const [short, long] = [await knock(), await knock({ path: "/room/long" })];
  for (const client of [short, long]) assert.equal((await client.answer()).statusCode, 101);
  const found = (): Connection | undefined =>
    received.opened.find(({ info }) => info?.path === "/room/long");
  const kept = await waitFor(found, {
    what: "open",
  });
  assert.equal(await kept.renew(null), "renewed");
  assert.equal((await short.closeFrame())?.code, 4401);
  await waitFor(() => received.closed.length === 1, { what: "the close" });
  assert.deepEqual(received.closed, ["4401 token-expired"]);
  assert.equal(await kept.sendWithReply("still here"), "sent");
  assert.equal(await kept.renew(Date.now() + 300), "renewed");
  assert.equal(await long.nextText(), "still here");
  assert.equal((await long.closeFrame())?.code, 4401);
});

test("in open mode an origin without a handler leaves the decision to another", async () => {
  const options = { broker: broker.url(), app: "open", mode: "open" } as const;
  await using silent = await connectOrigin(options);
  await using deciding = await connectOrigin(options);
  const told: unknown[] = [];
  silent.on("error", ({ error }) => void told.push(error));
  const users: unknown[] = [];
  silent.on("open", ({ connection }) => void users.push(connection.user));
  deciding.authorize(async () => ({ user: "ann" }));
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--drain-period", "0ms"];
  flags.push("--app", "open", "--origin-mode", "open");
  await using node = await startGateway({ flags, kept: true });
  const client = await RawClient.open(node.info.port);
  await waitFor(() => users.length > 0, { what: "open" });
  client.destroy();
  assert.deepEqual([users, told], [["ann"], []]);
});

test("close ends the signal of who still waits", async () => {
  let reason: unknown;
  let asked = false;
  await decide(async ({ signal }) => {
    asked = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
    return reject(503);
  });
  await knock();
  await waitFor(() => asked, { what: "connect" });
  await origin.close();
  assert.notEqual(reason, undefined);
});
