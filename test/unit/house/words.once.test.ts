import assert from "node:assert/strict";
import { test } from "node:test";
import { only, readTexts } from "../../support/tidy/files.ts";
import { listenerFaults, timeOfDayFaults, wordFaults } from "../../support/tidy/words.ts";

const code = only(readTexts(), /^(core|adapters|runtimes)\/.*\.ts$/);

/** `Connection` in both: record 11. The others are the core's own, which the library hands on. */
const shared: ReadonlySet<string> = new Set(["Connection", "ErrorCode", "ServiceError"]);

test("words: a listener's method is a fact, not an order", () => {
  assert.deepEqual(listenerFaults(code), []);
});

test("words: a public name of the origin library means nothing else in the core", () => {
  assert.deepEqual(wordFaults(code, shared), []);
});

/** What others are told of a time, or tell: everything else lasts, and goes by `Clock.ticks`. */
const tellTimes: ReadonlySet<string> = new Set([
  // Presences.
  "adapters/mqtt/node-presence.ts",
  "adapters/origin/presence/origin-control.ts",
  "core/events/heartbeat.ts",
  // When a connection was opened, sent its last message, asked; when a node was started.
  "adapters/admin/admin-api.ts",
  "core/connection/connection-guard.ts",
  "core/gateway.ts",
  "core/inspect/tail.ts",
  "core/handshake/waiting-handshakes.ts",
  "runtimes/compose/service.ts",
  "runtimes/workers/supervisor.ts",
  // When a command is too old, and when a token.
  "adapters/jwt/jwt-authorizer.ts",
  "adapters/origin/send/connection-sender.ts",
  "adapters/origin/send/publisher.ts",
  "adapters/service-port/link/app-sender.ts",
  "core/commands/message-commands.ts",
  "core/connection/token-expiry.ts",
  // Signed requests, and those of AWS' form.
  "adapters/http-origin/batch/batch-origin.ts",
  "adapters/http-origin/http-origin.ts",
  "adapters/http-origin/requests/origin-requests.ts",
  "adapters/peers/peer-client.ts",
  "adapters/peers/peer-cluster.ts",
  "adapters/peers/peer-sender.ts",
  "runtimes/compose/http-origins.ts",
  // It compares whole milliseconds: which acknowledgements are of one moment.
  "core/streams/acknowledgements.ts",
]);

test("words: the time of day is asked for by those alone that tell it", () => {
  assert.deepEqual(timeOfDayFaults(code, tellTimes), []);
  const sources = new Map([["core/a.ts", "if (this.#clock.now() - since > 5) return;"]]);
  assert.deepEqual(timeOfDayFaults(sources, new Set(["core/b.ts"])), [
    "core/a.ts",
    "core/b.ts: in vain",
  ]);
});

test("words can fail", () => {
  const listener = "export interface PeerListener {\n  closed(): void;\n  close(): void;\n}\n";
  assert.deepEqual(listenerFaults(new Map([["core/a.ts", listener]])), [
    "core/a.ts: PeerListener.close is an order",
  ]);
  const doors = 'export {\n  Group,\n  type Grant,\n} from "./api/mod.ts";\n';
  const sources = new Map([
    ["adapters/origin/mod.ts", doors],
    ["core/groups/group.ts", "export class Group {}\n"],
    ["core/ports/grant.ts", "export interface Grant {}\n"],
  ]);
  assert.deepEqual(wordFaults(sources, new Set(["Group"])), [
    "core/ports/grant.ts: Grant is a word of the origin library",
  ]);
});
