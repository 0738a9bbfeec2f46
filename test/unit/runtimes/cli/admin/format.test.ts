import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionsTable, tailText } from "../../../../../runtimes/cli/admin/format.ts";
import { ratesOf, topLines } from "../../../../../runtimes/cli/admin/top-screen.ts";
import type { Overview } from "../../../../../runtimes/cli/admin/views.ts";

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
