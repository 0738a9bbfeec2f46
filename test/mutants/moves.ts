import type { Mutant, Part } from "./mutant.ts";

const page = "docs/reliability.md";
const files = {
  reassign: "core/reassign.ts",
  router: "core/event-router.ts",
  stream: "core/event-stream.ts",
  idle: "core/idle-connections.ts",
  directory: "core/origin-directory.ts",
  waiting: "core/waiting-room.ts",
  rendezvous: "core/rendezvous.ts",
} as const;
const tests = {
  moved: "test/unit/moved-connections.test.ts",
  router: "test/unit/event-router.test.ts",
  properties: "test/unit/router-properties.test.ts",
  directory: "test/unit/origin-directory.test.ts",
} as const;

/** What happens to connections when origins come and go. */
const mutants: readonly Mutant[] = [
  {
    says: "the node takes what it held unconfirmed, in order",
    file: files.reassign,
    find: "for (const item of items) {",
    replace: "for (const item of items.reverse()) {",
    tests: [tests.properties],
  },
  {
    says: "takes what it held unconfirmed",
    file: files.stream,
    find: "surrender(): { items: unknown[][]; paused: Connection[] } {\n    this.#take();",
    replace: "surrender(): { items: unknown[][]; paused: Connection[] } {",
    tests: [tests.properties],
  },
  {
    says: "a new stream begins at or below the first that was not confirmed",
    file: files.stream,
    find: "items.push(...batch.slice(Math.max(0, confirmed - first)));",
    replace: "items.push(...batch.slice(1));",
    tests: [tests.properties],
  },
  {
    says: "writes it into the streams that the connections have from now on",
    file: files.reassign,
    find: "(targets.get(id) ?? target(id)).append(item);",
    replace: "target(id).append(item);",
    tests: [tests.properties],
    survives: "`target` picks the same stream for the same id; the map only spares it the work",
  },
  {
    says: "`rebalance` moves a connection only when all of its events are confirmed",
    file: files.idle,
    find: "if (connection.lastItem <= connection.stream.confirmed) yield connection;",
    replace: "yield connection;",
    tests: [tests.moved],
  },
  {
    says: "and tells its origin `moved`",
    file: files.router,
    find: 'connection.stream.append(["moved", [connection.id]]);',
    replace: "",
    tests: [tests.moved],
  },
  {
    says: "`rebalance` moves a connection",
    file: files.router,
    find: "if (!this.#options.rebalance || this.#origins.size < 2) return;",
    replace: "return;",
    tests: [tests.moved],
  },
  {
    says: "| idle connections rebalanced | of 100 looked at a second | – |",
    file: files.router,
    find: "this.#idle.next(limits.rebalancePerTickMax)",
    replace: "this.#idle.next(1e9)",
    tests: [tests.moved],
  },
  {
    says: "a Will: after a grace of 250 ms, in which one that lives announces itself again",
    file: files.directory,
    find: "this.#clock.after(limits.originGraceMs, () => this.#remove(name))",
    replace: "this.#clock.after(0, () => this.#remove(name))",
    tests: [tests.directory],
  },
  {
    says: "when another incarnation comes under its name",
    file: files.directory,
    find: "if (another) this.#remove(name);",
    replace: "",
    tests: [tests.directory, tests.properties],
  },
  {
    says: "when three heartbeats are missing (6 s with the library)",
    file: files.directory,
    find: "export const missedHeartbeatsMax = 3;",
    replace: "export const missedHeartbeatsMax = 4;",
    tests: [tests.directory],
  },
  {
    says: "when it confirms nothing for `ack-timeout`",
    file: files.router,
    find: 'else if (state !== "fine") this.#expel(assigned);',
    replace: 'else if (state === "refused") this.#expel(assigned);',
    tests: [tests.moved],
  },
  {
    says: "or when the broker refuses for good what is published to it (an access rule)",
    file: files.stream,
    find: 'else if (code === "publish-refused" || code === "batch-too-big") this.#refused = code;',
    replace: "",
    tests: [tests.router],
  },
  {
    says: "Its connections go to the others by rendezvous hashing",
    file: files.rendezvous,
    find: "const keyHash = hash(key, 0);",
    replace: "const keyHash = 0;",
    tests: [tests.moved],
  },
  {
    says: "If there is none they go to the **waiting room**",
    file: files.router,
    find: "return this.#pick(id)?.stream ?? this.#waitingRoom();",
    replace: "return this.#pick(id)?.stream ?? (this.#open[0] as EventStream);",
    tests: [tests.router, tests.properties],
  },
  {
    says: "then its connections are closed with 1013",
    file: files.waiting,
    find: "if (connection.stream === stream) close(connection, CloseCause.overload);",
    replace: "",
    tests: [tests.router],
  },
  {
    says: "While the node has no broker, no silence counts and no Will",
    file: files.directory,
    find: "if (this.#held) return;\n    this.#origins",
    replace: "this.#origins",
    tests: [tests.directory],
  },
  {
    says: "While the node has no broker, no silence counts",
    file: files.directory,
    find: "for (const { cancel } of this.#origins.values()) cancel();",
    replace: "",
    tests: [tests.directory],
  },
  {
    says: "A timer that fires more than 500 ms late tells that it was the node",
    file: files.directory,
    find: "if (known === undefined || this.#clock.now() - due <= stallMs) this.#remove(name);",
    replace: "if (known !== undefined) this.#remove(name);",
    tests: [tests.directory],
  },
  {
    says: "A connection that has another origin is named to it at once",
    file: files.reassign,
    find: "for (const [stream, ids] of byStream) stream.alive(ids);",
    replace: "",
    tests: [tests.moved],
  },
  {
    says: "so that every connection has an origin that knows it",
    file: files.router,
    find: 'target.append(["alive", [connection.id]]);',
    replace: "",
    tests: [tests.moved],
  },
];

export const moves: Part = { name: "moves", page, mutants };
