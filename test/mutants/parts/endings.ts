import type { Mutant, Part } from "./mutant.ts";

const page = "docs/reliability.md";
const files = {
  reasons: "core/base/close-reasons.ts",
  router: "core/routing/event-router.ts",
  publisher: "core/events/event-publisher.ts",
  refused: "core/routing/refused-origins.ts",
  careful: "adapters/mqtt/poison-guard.ts",
  window: "adapters/mqtt/link/publish-window.ts",
  session: "adapters/mqtt/link/mqtt-session.ts",
  gateway: "core/gateway.ts",
} as const;
const tests = {
  moved: "test/unit/core/routing/moved-connections.test.ts",
  router: "test/unit/core/routing/event-router.test.ts",
  careful: "test/unit/adapters/mqtt/poison-guard.test.ts",
  drain: "test/unit/core/connection/drain.test.ts",
} as const;

/** Origins that the broker refuses, origins and nodes that leave, and what is full. */
const mutants: readonly Mutant[] = [
  {
    says: "Its heartbeats alone do not bring it back",
    file: files.router,
    find: "if (this.#refused.presence(name, presence)) return;",
    replace: "",
    tests: [tests.router],
  },
  {
    says: "the node sends it an empty `alive` after 2, 4, … 30 s",
    file: files.refused,
    find: "Math.min(2 * refused.askMs, limits.ackProbeMsMax)",
    replace: "2 * refused.askMs",
    tests: [tests.router],
  },
  {
    says: "and when the broker takes that, it counts as a new origin",
    file: files.refused,
    find: "this.#admit(name, presence);",
    replace: "",
    tests: [tests.router],
  },
  {
    says: "MQTT 5 says it in the PUBACK (0x87, 0x90)",
    file: files.session,
    find: "new Set([0x87, 0x90])",
    replace: "new Set([])",
    tests: ["test/integration/access/refused-origin.once.test.ts"],
  },
  {
    says: "after two sessions in a row of less than 5 s each, with something unanswered",
    file: files.careful,
    find: "this.#careful = this.#falls >= mqttLimits.shortSessionsMax;",
    replace: "",
    tests: [tests.careful],
  },
  {
    says: "the node publishes one batch at a time, until a session has lasted",
    file: files.window,
    find: "(this.oneAtATime ? 1 : this.#max)",
    replace: "this.#max",
    tests: [tests.careful],
  },
  {
    says: "Three such sessions with the same batch on its way show that this batch is the cause",
    file: files.careful,
    find: "same(this.#suspect, suspect) ? this.#strikes + 1 : 1",
    replace: "this.#strikes + 1",
    tests: [tests.careful],
  },
  {
    says: "A batch of up to 4 KiB counts as refused",
    file: files.careful,
    find: "this.#refused = suspect;",
    replace: "",
    tests: [tests.careful],
  },
  {
    says: "A larger one halves what the node puts into a packet from then on",
    file: files.careful,
    find: "Math.min(bytes, this.#bytesMax) >> 1",
    replace: "Math.min(bytes, this.#bytesMax)",
    tests: [tests.careful],
  },
  {
    says: "a message that is too large alone closes its connection with 1009",
    file: files.publisher,
    find: "      connection.close(reason);\n",
    replace: "",
    tests: [tests.router],
  },
  {
    says: "In open mode that one batch is lost (`events-lost`)",
    file: files.publisher,
    find: '      logger.log(level, "events-lost", "a batch of events is lost", { code });\n',
    replace: "",
    tests: [tests.router],
  },
  {
    says: "Its nodes publish nothing new to it",
    file: files.router,
    find: "    assigned.stream.freeze();\n",
    replace: "",
    tests: [tests.moved],
  },
  {
    says: "wait until `confirmed` = `published`",
    file: files.router,
    find: "if (!assigned.leaving || !assigned.stream.idle) return;",
    replace: "if (!assigned.leaving) return;",
    tests: [tests.moved],
  },
  {
    says: "move its connections (9) and send `released`",
    file: files.router,
    find: 'assigned.stream.publishBare([["released", this.#options.node]]);',
    replace: "",
    tests: [tests.moved],
  },
  {
    says: "handshakes get 503, `window-full`",
    file: files.router,
    find: 'return this.#origins.size > 0 || buffered?.bytesFull ? "window-full"',
    replace: "return false ? undefined",
    tests: [tests.router],
  },
  {
    says: "| `origin-wait` | 30 s | 1013; then 503 to handshakes |",
    file: files.router,
    find: "this.#origins.size === 0 && expired",
    replace: "false",
    tests: [tests.router],
  },
  {
    says: "| last events of a drain | 5 s | they are lost |",
    file: files.gateway,
    find: "await Promise.race([settled, this.#wait(limits.shutdownFlushMs)]);",
    replace: "await settled;",
    tests: [tests.drain],
  },
  {
    says: "| last events of a drain | 5 s |",
    file: files.gateway,
    find: "await Promise.race([settled, this.#wait(limits.shutdownFlushMs)]);",
    replace: "void settled;",
    tests: [tests.drain],
  },
  {
    says: "they are lost",
    file: files.gateway,
    find: "    this.#logUnconfirmed();\n",
    replace: "",
    tests: [tests.drain],
  },
  {
    says: "a drain is 1012 and `drain`, at the client and at the origin",
    file: files.reasons,
    find: 'drain: reason(drain, 1012, "service restart"',
    replace: 'drain: reason(CloseCause.origin, 1012, "service restart"',
    tests: [tests.drain],
  },
];

export const endings: Part = { name: "endings", page, mutants };
