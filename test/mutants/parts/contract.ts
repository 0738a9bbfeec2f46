import type { Mutant, Part } from "./mutant.ts";

const page = "docs/protocol";
const files = {
  messages: "core/commands/message-commands.ts",
  gateway: "core/gateway.ts",
  drain: "core/connection/drain.ts",
  presence: "adapters/mqtt/node-presence.ts",
  control: "adapters/origin/presence/origin-control.ts",
  bus: "adapters/mqtt/mqtt-command-bus.ts",
  parts: "adapters/origin/api/composition.ts",
  receiver: "adapters/origin/receive/event-receiver.ts",
  targets: "core/commands/command-targets.ts",
  handshake: "core/websocket/handshake.ts",
  framed: "core/websocket/framed-socket.ts",
  deflate: "runtimes/server/deflate.ts",
} as const;
const tests = {
  moved: "test/unit/core/routing/moved-connections.test.ts",
  drain: "test/unit/core/connection/drain.test.ts",
  ask: "test/integration/broker/presence-ask.test.ts",
  retained: "test/integration/broker/retained.once.test.ts",
  originRetained: "test/integration/origin/origin-retained.test.ts",
  receiver: "test/unit/adapters/origin/receive/event-receiver.test.ts",
  cluster: "test/unit/core/gateway-cluster.test.ts",
  groups: "test/unit/core/groups/groups.test.ts",
  handshake: "test/unit/core/websocket/handshake.test.ts",
  framed: "test/unit/core/websocket/framed-socket.test.ts",
  deflate: "test/unit/runtimes/server/deflate.test.ts",
} as const;

/** What the protocol page says of the wire, where a fault would be quiet. */
const mutants: readonly Mutant[] = [
  {
    says: "| `client` | the client, or its network | the client's own |",
    file: files.gateway,
    find: "const cause = connection.closing ?? CloseCause.client;",
    replace:
      "const lost = closeCode === 1006 ? CloseCause.error : CloseCause.client;\n" +
      "    const cause = connection.closing ?? lost;",
    tests: [tests.moved],
  },
  {
    says: "1012 to the connections, evenly over `drain-period`",
    file: files.drain,
    find: "const due = Math.ceil(total * part);",
    replace: "const due = total;",
    tests: [tests.drain],
  },
  {
    says: "On SIGTERM: not-ready, 503 to new handshakes",
    file: files.gateway,
    find: "    this.#handshakeGate.close();\n",
    replace: "",
    tests: [tests.drain],
  },
  {
    says: "On SIGTERM: not-ready",
    file: files.gateway,
    find: "this.#readiness.draining = true;",
    replace: "",
    tests: [tests.drain],
  },
  {
    says: "every node, and every origin of the library, then announces itself again",
    file: files.presence,
    find: "this.#reannounce(randomFraction(this.#ports.random) * mqttLimits.reannounceMs);",
    replace: "void randomFraction;",
    tests: [tests.ask],
  },
  {
    says: "and every origin of the library, then announces itself again",
    file: files.control,
    find: "if (topic !== this.#topic || payload.byteLength === 0) {",
    replace: "if (topic === this.#topic && payload.byteLength === 0) {",
    tests: [tests.ask],
  },
  {
    says: "A node drops it, counts it (`retained-refused`) and logs its topic",
    file: files.bus,
    find: "if (retained) {",
    replace: "if (false) {",
    tests: [tests.retained],
  },
  {
    says: "origin library does so with events",
    file: files.parts,
    find: "if (retained) this.failed(",
    replace: "if (false) this.failed(",
    tests: [tests.originRetained],
  },
  {
    says: "an event or a reply with an id of another node than its topic names",
    file: files.receiver,
    find: "if (!isOwn(node, item)) {",
    replace: "if (false) {",
    tests: [tests.receiver],
  },
  {
    says: "an id of another node on this node's own topic",
    file: files.targets,
    find: '} else if (source.scope === "node") {',
    replace: "} else if (false) {",
    tests: [tests.cluster],
  },
  {
    says: "A raw text that is not UTF-8 is dropped, counted and logged",
    file: files.messages,
    find: "kind === MessageKind.binary || this.#dependencies.frames.validUtf8(payload)",
    replace: "true",
    tests: [tests.groups],
  },
  {
    says: "| no `Host`, or more than one | 400 |",
    file: files.handshake,
    find: "if (host === undefined || !HOST.test(host)) {",
    replace: "if (false) {",
    tests: [tests.handshake],
  },
  {
    says: "| HTTP/1.0; another version than 1.x | 400; 505 |",
    file: files.handshake,
    find: 'if (httpVersion !== "1.1") {',
    replace: "if (false) {",
    tests: [tests.handshake],
  },
  {
    says: "| a body: `Content-Length` other than 0, or `Transfer-Encoding` | 400 |",
    file: files.handshake,
    find: 'if (length !== "0" || request.header("transfer-encoding") !== undefined) {',
    replace: 'if (length !== "0") {',
    tests: [tests.handshake],
  },
  {
    says: "| a target with a `.` or `..` segment, percent-encoded or not",
    file: files.handshake,
    find: '.replaceAll("%2e", ".")',
    replace: "",
    tests: [tests.handshake],
  },
  {
    says: "a backslash or a `#` | 400 |",
    file: files.handshake,
    find: 'if (path.includes("\\\\")) return true;',
    replace: "",
    tests: [tests.handshake],
  },
  {
    says: "| waiting for a client's closing handshake | 5 s | its TCP connection is cut |",
    file: files.framed,
    find: "this.#countAfterClose(chunk.length);",
    replace: "",
    tests: [tests.framed],
  },
  {
    says: "1007 for text that is not UTF-8 or a deflated message that does not inflate",
    file: files.deflate,
    find: "if (at === input.length && swallowedTail(own, buffer)) return undefined;",
    replace: "",
    tests: [tests.deflate],
  },
];

export const contract: Part = { name: "contract", page, mutants };
