import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminClient } from "../../../../../runtimes/cli/admin/admin-client.ts";
import { adminClientLimits } from "../../../../../runtimes/cli/admin/admin-limits.ts";
import { connectionsTable, tailText } from "../../../../../runtimes/cli/admin/format.ts";
import { ratesOf, topLines } from "../../../../../runtimes/cli/admin/top-screen.ts";
import type { Overview } from "../../../../../runtimes/cli/admin/views.ts";
import {
  answer,
  type RawBehaviour,
  RawServer,
  writes,
} from "../../../../support/http/raw-server.ts";

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** What each kind of question comes to: the events or the JSON, or the error in one line. */
async function outcomes(url: string, limits = adminClientLimits): Promise<string[]> {
  const client = new AdminClient({ url, token: "t" }, limits);
  const tail = async (): Promise<unknown[]> => {
    const events: unknown[] = [];
    const { signal } = new AbortController();
    for await (const event of client.events("/admin/tail", { group: "g" }, signal)) {
      events.push(event);
    }
    return events;
  };
  const asked = [client.get("/admin/x", { a: "b c", d: "" }), client.post("/admin/y", {}), tail()];
  const line = (error: { code: string; message: string }): string =>
    `${error.code}: ${error.message}`.replace(url, "URL");
  return Promise.all(asked.map((one) => one.then(JSON.stringify, line)));
}

async function outcomesOf(behaviour: RawBehaviour, limits = adminClientLimits): Promise<string[]> {
  const server = await RawServer.start(behaviour);
  try {
    return await outcomes(`http://127.0.0.1:${server.port}`, limits);
  } finally {
    // Whatever came of it, no connection is left.
    await server.waitForOpen(0);
    await server.stop();
  }
}

const thrice = (line: string): string[] => [line, line, line];

test("an answer that is cut off", async () => {
  const lost = "http-lost: URL closed the connection";
  for (const [half, expected] of [
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", `${lost} in the middle of its answer`],
    [`${chunked}5\r\nev`, `${lost} in the middle of its answer`],
    ["", `${lost} without an answer`],
  ] as const) {
    const cut = await outcomesOf({ request: (socket) => void socket.end(half) });
    assert.deepEqual(cut, thrice(expected));
  }
});

test("a server that says nothing, or nothing more", async () => {
  const limits = { ...adminClientLimits, answerMs: 200, silenceMs: 200 };
  const late = "http-timeout: URL did not answer within 200 ms";
  const silent = "http-timeout: URL sent nothing for 200 ms";
  assert.deepEqual(await outcomesOf({}, limits), [late, late, silent]);
  assert.deepEqual(await outcomesOf(writes(chunked), limits), [late, late, silent]);
});

test("an answer that is too large, whole or as a refusal", async () => {
  const limits = { ...adminClientLimits, answerBytesMax: 100 };
  const big =
    "http-answer-too-big: URL cannot be understood: the answer's body has more than 100 bytes";
  const whole = await outcomesOf(writes(answer(200, "x".repeat(101))), limits);
  assert.deepEqual(whole.slice(0, 2), [big, big]);
  const refused = await outcomesOf(writes(answer(500, "x".repeat(101))), limits);
  assert.deepEqual(refused, thrice(big));
});

test("refusals, redirects and what is no HTTP have a code", async () => {
  const json = JSON.stringify({ code: "request-forbidden", message: "no" });
  const no = await outcomesOf(writes(answer(403, json)));
  assert.deepEqual(no, thrice("request-forbidden: no"));
  const moved = await outcomesOf(writes(answer(302, "", "Location: /")));
  assert.deepEqual(moved, thrice("http-status: the admin port answers 302 Found"));
  for (const one of await outcomesOf(writes("SSH-2.0-x\r\n\r\n"))) {
    assert.match(one, /^http-answer-malformed: URL cannot be understood: /);
  }
  const page = await outcomesOf(writes(answer(200, "<html>")));
  const foreign = "http-answer-malformed: this is not the admin port of a gateway";
  assert.deepEqual(page, [foreign, foreign, "[]"]);
});

const clear = "\u001b[2J";

const overview: Overview = {
  node: "edge-1",
  version: "1.2.3",
  runtime: "node",
  engine: "wasm",
  startedAt: 1_000,
  at: 61_000,
  ready: false,
  reasons: ["no origin"],
  connections: 1_234,
  totals: { opened: 10, closed: 4 },
  nodes: [{ node: "edge-1", ready: true, reasons: [], connections: 7, handshakesWaiting: 2 }],
};

test("rates are per second, and none across a restart of the gateway", () => {
  const later = {
    ...overview,
    at: overview.at + 4_000,
    totals: { opened: 30, closed: 2, new: 8 },
  };
  assert.deepEqual(ratesOf(overview, later), { opened: 5, closed: 0, new: 2 });
  assert.deepEqual(ratesOf(overview, { ...later, startedAt: 62_000 }), {});
  assert.deepEqual(ratesOf(overview, overview), {});
});

test("the screen says first what is wrong, and which broker is away", () => {
  const broker = { node: "edge-1", role: "events", broker: "mq-a:1883", up: true };
  const brokers = [broker, { ...broker, broker: "mq-b:1883", up: false }];
  const lines = topLines({ overview, origins: [], brokers }, { opened: 12.34 });
  assert.match(lines[0] ?? "", /^websocket-service 1\.2\.3 {2}edge-1 .* up 60s$/);
  assert.equal(lines[1], "NOT READY: no origin");
  assert.match(lines[3] ?? "", /^connections 1,234 {2}opened 12\.3\/s/);
  assert.equal(lines[5], "broker connections 1 of 2 up");
  assert.equal(lines[6], "  AWAY mq-b:1883 events of edge-1");
});

test("what others wrote steers no terminal and breaks no line", () => {
  const row = {
    id: "edge-1.AAAAx",
    app: "default",
    user: `ada${clear}\n`,
    path: `/a\t${clear}`,
    address: "127.0.0.1",
    openedAt: 0,
    bytesWaiting: 1_200,
    state: "open",
  };
  const table = connectionsTable([row], 4_000);
  const tail = tailText({ at: 0, kind: "event", verb: "message", group: clear, text: "one\ntwo" });
  assert.equal(table.length, 2);
  for (const text of [...table, tail]) {
    assert.ok(!text.includes("\u001b") && !/[\n\t]/.test(text), JSON.stringify(text));
  }
  assert.match(table[1] ?? "", /ada.*\\u001b.* 4s +- +1\.2 KB +open +-$/);
});
