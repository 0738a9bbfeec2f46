import type { Mutant, Part } from "../mutant.ts";

const page = "docs/operating/monitoring.md";
const files = {
  connection: "core/connection/connection-log.ts",
  handshakes: "runtimes/framed-server/handshake-stream.ts",
  gate: "core/handshake/handshake-gate.ts",
  fields: "adapters/log/with-fields.ts",
  json: "adapters/log/json-logger.ts",
  level: "adapters/log/level.ts",
  limiter: "adapters/log/log-limiter.ts",
  port: "runtimes/compose/admin/admin-port.ts",
  pretty: "adapters/log/pretty-logger.ts",
  redact: "adapters/log/redact.ts",
} as const;
const tests = {
  connection: "test/unit/core/connection/connection-log.test.ts",
  handshakes: "test/unit/runtimes/framed-server/handshake-stream.test.ts",
  limiter: "test/unit/adapters/log/log-limiter.test.ts",
  logger: "test/unit/adapters/log/logger.test.ts",
  rights: "test/integration/admin/admin-rights.node.test.ts",
} as const;

/** What is in the log, and what must not be there. */
const mutants: readonly Mutant[] = [
  {
    says: "Of one event and code at most ten lines a second are written",
    file: files.limiter,
    find: "if (window.lines >= this.#linesMax) {",
    replace: "if (window.lines > this.#linesMax) {",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "Of one event and code",
    file: files.limiter,
    find: `const key = \`\${event} \${fields?.code ?? ""}\`;`,
    replace: "const key = event;",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "A further line says how many were suppressed.",
    file: files.limiter,
    find: "    window.kept = 0;\n",
    replace: "",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "how many were suppressed",
    file: files.limiter,
    find: "if (window.kept === 1) {",
    replace: "if (window.kept >= 1) {",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "no such line is suppressed",
    file: files.limiter,
    find: "if (unlimited.has(event) && !isOfStranger(fields)) {",
    replace: "if (false) {",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "at most ten lines a second",
    file: files.limiter,
    find: "      window.lines = 0;\n",
    replace: "",
    tests: [tests.limiter, tests.logger],
  },
  {
    says: "Each has `at`, `level`, `event` and `message`",
    file: files.json,
    find: `const key = ownNames.has(name) ? \`\${name}_\` : name;`,
    replace: "const key = name;",
    tests: [tests.logger],
  },
  {
    says: "Payloads and passwords are never logged",
    file: files.redact,
    find: "/passw|secret|token|authorization|cookie|credential",
    replace: "/passw|secret|token|authorization|credential",
    tests: [tests.logger],
  },
  {
    says: "passwords are never logged",
    file: files.redact,
    find: 'const end = word.lastIndexOf("@");',
    replace: 'const end = word.indexOf("@");',
    tests: [tests.logger],
  },
  {
    says: "or lines for people on a terminal (`log-format`)",
    file: files.pretty,
    find: "JSON.stringify(printable(safe));",
    replace: "safe;",
    tests: [tests.logger],
  },
  {
    says: "`--log-level` names the lowest level that is written",
    file: files.level,
    find: "return order[level] >= order[least];",
    replace: "return order[level] > order[least];",
    tests: [tests.logger],
  },
  {
    says: "Behind it, levels of categories may follow",
    file: files.level,
    find: "(categories[firstWord(event)] ?? all);",
    replace: "all;",
    tests: [tests.logger],
  },
  {
    says: "Lines of a worker itself have its number as `worker`.",
    file: files.fields,
    find: "{ ...fields, ...this.#fields }",
    replace: "{ ...fields }",
    tests: [tests.logger],
  },
  {
    says: "`code` if an error ended it",
    file: files.connection,
    find: "const fields = { ...fieldsOf(connection), closeCode, cause, code };",
    replace: "const fields = { ...fieldsOf(connection), closeCode, cause };\n    void code;",
    tests: [tests.connection],
  },
  {
    says: "`connection`, `address`, `path` without its query, `app`, `user`",
    file: files.connection,
    find: "path: path || undefined };",
    replace: "path };",
    tests: [tests.connection],
  },
  {
    says: "`warn` where the sender may not send, or the node cannot",
    file: files.port,
    find: "status >= 500 || status === 401 || status === 403",
    replace: "status >= 500",
    tests: [tests.rights],
  },
  {
    says: "or to [`/admin`](admin.md) (with its `path`), was refused",
    file: files.port,
    find: "text, { code, status, address, path });",
    replace: "text, { code, status, address });",
    tests: [tests.rights],
  },
  {
    says: "A request that is refused while its head is read has `code`, `status`, `address`",
    file: files.handshakes,
    find: "this.#tell({ code: errorCode, status: statusCode });",
    replace: "this.#tell({ code: errorCode });",
    tests: [tests.handshakes],
  },
  {
    says: "and `path` and `app` if a whole request line came",
    file: files.handshakes,
    find: "const path = target === undefined ? undefined : readTarget(target).path;",
    replace: "const path = undefined;",
    tests: [tests.handshakes],
  },
  {
    says: "and `path` and `app` if a whole request line came",
    file: files.gate,
    find: "path === undefined ? undefined : this.#dependencies.routes.find(path)?.app;",
    replace: "undefined;",
    tests: [tests.connection],
  },
];

export const logs: Part = { name: "logs", page, mutants };
