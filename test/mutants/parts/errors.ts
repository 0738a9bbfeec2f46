import type { Mutant, Part } from "./mutant.ts";

const page = "docs/errors.md";
const files = {
  gateway: "core/gateway.ts",
  drain: "core/connection/drain.ts",
  bus: "adapters/mqtt/mqtt-command-bus.ts",
  streams: "core/streams/stream-memory.ts",
  sizes: "core/groups/outgoing-sizes.ts",
  handshakes: "core/handshake/address-handshakes.ts",
  authority: "core/handshake/handshake-authority.ts",
  handshakeGate: "core/handshake/handshake-gate.ts",
  guard: "core/connection/connection-guard.ts",
  dispatcher: "core/commands/command-dispatcher.ts",
  log: "core/connection/connection-log.ts",
} as const;
const tests = {
  cluster: "test/unit/core/gateway-cluster.test.ts",
  conformance: "test/integration/broker/mqtt-conformance.test.ts",
  sizes: "test/unit/core/connection/message-sizes.test.ts",
  handshakes: "test/unit/core/handshake/address-handshakes.test.ts",
  drain: "test/unit/core/connection/drain.test.ts",
  streams: "test/unit/core/streams/reliable-receiver.test.ts",
  closing: "test/unit/core/connection/closing-streams.test.ts",
  guard: "test/unit/core/connection/connection-guard.test.ts",
  numbered: "test/unit/core/commands/numbered-commands.test.ts",
  connectionLog: "test/unit/core/connection/connection-log.test.ts",
} as const;

/** Faults that have a code: they are counted and told, and what they limit is limited. */
const mutants: readonly Mutant[] = [
  {
    says: "could not be published",
    file: files.gateway,
    find: 'lost: () => this.#metrics.error("forward-lost"),',
    replace: "lost: () => {},",
    tests: [tests.cluster],
  },
  {
    says: "a command that this node was to send on to another node",
    file: files.bus,
    find: "this.#listener?.lost();",
    replace: "",
    tests: [tests.conformance],
  },
  {
    says: "with events that no broker or origin had confirmed 5 s later",
    file: files.gateway,
    find: '    const code = "events-unconfirmed";\n    this.#metrics.error(code);\n',
    replace: '    const code = "events-unconfirmed";\n',
    tests: [tests.drain],
  },
  {
    says: "while it remembers as many streams of others as it may: dropped",
    file: files.streams,
    find: "else if (full && !this.#forgetSilent()) return false;",
    replace: "",
    tests: [tests.streams],
  },
  {
    says: "a numbered batch of a sender that the node does not know",
    file: files.dispatcher,
    find: "app.commandReceivers.add(source.sender, stream, receiver)",
    replace: 'app.commandReceivers.add("", stream, receiver)',
    tests: [tests.numbered],
  },
  {
    says: "the node has as many connections as `--max-connections` allows",
    file: files.handshakeGate,
    find: "if (registry.occupied >= this.#options.connectionsMax)",
    replace: "if (registry.size >= this.#options.connectionsMax)",
    tests: [tests.closing],
  },
  {
    says: "the address has as many connections as `--max-connections-per-ip` allows",
    file: files.guard,
    find: "this.#addresses.gone(connection);",
    replace: "",
    tests: [tests.guard],
  },
  {
    says: "a message to clients is larger than `--max-publish-size`",
    file: files.sizes,
    find: 'if (bytes > publishBytesMax) return "publish-too-big";',
    replace: "",
    tests: [tests.sizes],
  },
  {
    says: "a message to clients is larger than `--send-queue-size`",
    file: files.sizes,
    find: 'return bytes > sendQueueBytesMax ? "queue-too-small" : undefined;',
    replace: "return undefined;",
    tests: [tests.sizes],
  },
  {
    says: "the address has as many handshakes waiting as `--max-handshakes-per-ip` allows",
    file: files.authority,
    find: "if (code !== undefined) return { answer: tooMany(code) };",
    replace: "",
    tests: [tests.handshakes],
  },
  {
    says: "the address began as many handshakes in this second",
    file: files.handshakes,
    find: 'if (begun >= handshakesPerIpPerSecondMax) return "handshake-rate";',
    replace: "",
    tests: [tests.handshakes],
  },
  {
    says: "a client left while its handshake waited to be authorised",
    file: files.authority,
    find: "request.onLeft?.(() => {",
    replace: "void (() => {",
    tests: ["test/unit/core/handshake/handshake-left.test.ts"],
  },
  {
    says: "or when it was accepted, before its connection was open",
    file: files.log,
    find:
      "    this.#metrics.error(code);\n    " +
      'if (!this.#logger.enabled(this.#level, "connection-abandoned")) return;',
    replace: 'if (!this.#logger.enabled(this.#level, "connection-abandoned")) return;',
    tests: [tests.connectionLog],
  },
];

export const errors: Part = { name: "errors", page, mutants };
