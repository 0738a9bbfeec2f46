import type { Mutant, Part } from "./mutant.ts";

const page = "README.md";
const files = {
  reasons: "core/base/close-reasons.ts",
  connection: "core/connection/connection.ts",
  broker: "runtimes/compose/node-broker.ts",
  compose: "runtimes/compose/service.ts",
  guard: "core/connection/connection-guard.ts",
  gateway: "core/gateway.ts",
  admission: "core/handshake/admission.ts",
  rates: "core/connection/rate-limits.ts",
  addresses: "core/connection/address-limits.ts",
  bun: "runtimes/bun/server.ts",
  report: "test/support/run/report.ts",
  run: "test/run.ts",
} as const;
const tests = {
  compose: "test/integration/gateway/compose.test.ts",
  guard: "test/unit/core/connection/connection-guard.test.ts",
  address: "test/unit/core/handshake/client-address.test.ts",
  tls: "test/integration/access/tls.node.test.ts",
  sockets: "test/runtimes/sockets-bun-native.once.test.ts",
  runner: "test/integration/programs/runner.node.test.ts",
  limits: "test/unit/core/connection/message-sizes.test.ts",
} as const;

/** The features of the README that need the whole program, a runtime, or the tests' own runner. */
const mutants: readonly Mutant[] = [
  {
    says: "The bytes of frames and messages are handled in WebAssembly.",
    file: files.compose,
    find: 'import { createWasmCodec } from "../../wasm/codec/mod.ts";',
    replace:
      'import { createReferenceCodec as createWasmCodec } from "../../test/reference/mod.ts";',
    tests: [tests.compose],
  },
  {
    says: "**Groups and users** across all nodes",
    file: files.compose,
    find: "this.#gateway.useBroadcast(this.#clientServer.broadcast);",
    replace: "",
    tests: [tests.compose],
  },
  {
    says: "or the embedded one",
    file: files.broker,
    find: 'if (settings.broker !== "embedded") return;',
    replace: "return;",
    tests: [tests.compose],
  },
  {
    says: "**Liveness and limits:** pings",
    file: files.connection,
    find: "      this.socket.terminate();\n",
    replace: "",
    tests: [tests.guard],
  },
  {
    says: "**Liveness and limits:** pings, idle time, age",
    file: files.reasons,
    find: 'reason(idle, 1001, "idle-timeout"',
    replace: 'reason(idle, 1000, "idle-timeout"',
    tests: [tests.guard],
  },
  {
    says: "idle time, age, rates, sizes",
    file: files.reasons,
    find: 'reason(limit, 1012, "connection-age"',
    replace: 'reason(idle, 1012, "connection-age"',
    tests: [tests.guard],
  },
  {
    says: "rates, sizes",
    file: files.rates,
    find: "if ((this.#messages[slot] as number) > end) return closeReasons.messageRate;",
    replace: "",
    tests: [tests.guard],
  },
  {
    says: "rates, sizes, connections of an address",
    file: files.rates,
    find: "return (this.#bytes[slot] as number) > end ? closeReasons.byteRate : undefined;",
    replace: "return undefined;",
    tests: [tests.guard],
  },
  {
    says: "sizes, connections of an address",
    file: files.gateway,
    find: "if (utf8Exceeds(data, this.#ports.codec.events.messageBytesMaxOf(connection.slot)))",
    replace: "if (false)",
    tests: [tests.limits],
  },
  {
    says: "sizes",
    file: files.gateway,
    find: "if (data.byteLength > this.#ports.codec.events.messageBytesMaxOf(connection.slot))",
    replace: "if (false)",
    tests: [tests.limits],
  },
  {
    says: "connections of an address, allowed pages",
    file: files.addresses,
    find: ">= this.max;",
    replace: "> this.max;",
    tests: [tests.guard],
  },
  {
    says: "allowed pages, TLS",
    file: files.admission,
    find: "return originAllowed(originHeader, allowedOrigins);",
    replace: "return true;",
    tests: [tests.address],
  },
  {
    says: "allowed pages, TLS.",
    file: files.bun,
    find: "...(tls === undefined ? {} : { tls }),",
    replace: "",
    tests: [tests.tls],
  },
  {
    says: "on Bun, Deno or Node.js, all from one source",
    file: files.bun,
    find: "new BunBroadcast(() => [this.#server, ...this.#former], deflate)",
    replace: "new BunBroadcast(() => [], deflate)",
    tests: [tests.sockets],
  },
  {
    says: "`npm test` runs everything on Bun, Deno and Node.js",
    file: files.report,
    find: "const line =",
    replace: 'const line = "4 passed, 0 failed";\n  void',
    tests: [tests.runner],
  },
  {
    says: "`npm test` runs everything",
    file: files.run,
    find: "return totals.failed > 0 || totals.passed === 0 ? 1 : 0;",
    replace: "return 0;",
    tests: [tests.runner],
  },
];

export const programs: Part = { name: "programs", page, mutants };
