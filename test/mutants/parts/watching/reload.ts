import type { Mutant, Part } from "../mutant.ts";

const page = "docs/operating/starting.md";
const files = {
  addresses: "core/connection/address-limits.ts",
  changes: "runtimes/cli/settings/reloadable.ts",
  guard: "core/connection/connection-guard.ts",
  health: "runtimes/cli/commands/health.ts",
  node: "runtimes/cli/programs/node-reload.ts",
  program: "runtimes/cli/programs/run-program.ts",
  reload: "runtimes/cli/programs/settings-reload.ts",
} as const;
const tests = {
  addresses: "test/unit/core/connection/address-limits.test.ts",
  changes: "test/unit/runtimes/cli/settings/reloadable.test.ts",
  gateway: "test/unit/core/gateway-reload.test.ts",
  health: "test/integration/deploy/health.node.test.ts",
  reload: "test/integration/gateway/reload.node.test.ts",
  node: "test/unit/runtimes/cli/programs/node-reload.test.ts",
  steps: "test/unit/runtimes/cli/programs/settings-reload.test.ts",
} as const;

/** Starting, reloading and stopping a node. */
const mutants: readonly Mutant[] = [
  {
    says: "A `jwt-jwks` at another URL is fetched first, and must give keys",
    file: files.node,
    find: 'if (settings["jwt-jwks"] !== known.checkedJwksUrl) await authorizer?.fetchKeys();',
    replace: "",
    tests: [tests.node],
  },
  {
    says: "reads the config file and the files that settings name again",
    file: files.reload,
    find: "const next = this.#last.then(() => this.#reload());",
    replace: "const next = this.#reload();",
    tests: [tests.steps],
  },
  {
    says: "names what has changed, with the former values",
    file: files.reload,
    find: "const others = await apply(settings, files);\n      this.#settings = settings;",
    replace: "const others = await apply(settings, files);",
    tests: [tests.steps, tests.reload],
  },
  {
    says: "and the old settings stay",
    file: files.reload,
    find: "      const others = await apply(settings, files);\n      this.#settings = settings;",
    replace:
      "      this.#settings = settings;\n      const others = await apply(settings, files);",
    tests: [tests.steps],
  },
  {
    says: "or `tls-reload-failed` for the certificate",
    file: files.reload,
    find: 'if (error instanceof TlsFault) return "tls-invalid";',
    replace: "",
    tests: [tests.steps],
  },
  {
    says: "and the changed settings that need a new start",
    file: files.changes,
    find: "{ ...current, ...Object.fromEntries(taken.map((name) => [name, next[name]])) }",
    replace: "next",
    tests: [tests.changes],
  },
  {
    says: "settings that need a new start",
    file: files.changes,
    find: "names.filter((name) => !taken.includes(name))",
    replace: "[]",
    tests: [tests.changes],
  },
  {
    says: "- `log-level`;",
    file: files.node,
    find: '    this.#logger.setLevels(settings["log-level"]);\n',
    replace: "",
    tests: [tests.node],
  },
  {
    says: "keys and rules of tokens, and what is in the files: `jwt-from`",
    file: files.node,
    find: "return JSON.stringify([values, readTokenFiles(settings)]);",
    replace: "return JSON.stringify([values]);",
    tests: [tests.node],
  },
  {
    says: "keys and rules of tokens, and what is in the files",
    file: files.node,
    find: "      this.#tokens = tokens;\n",
    replace: "",
    tests: [tests.node],
  },
  {
    says: "keys and rules of tokens",
    file: files.node,
    find: "this.#service.reload(settings, authorizer);",
    replace: "this.#service.reload(settings, undefined);",
    tests: [tests.node],
  },
  {
    says: "It says so, and uses the certificate at its next start.",
    file: files.node,
    find: "    if (taken) {\n",
    replace: "    if (taken || !isSame) {\n",
    tests: [tests.node],
  },
  {
    says: "counts connections that were open before, also if there was no limit then",
    file: files.guard,
    find: "for (const connection of this.#registry.all()) this.#addresses.count(connection);",
    replace: "",
    tests: [tests.gateway],
  },
  {
    says: "`max-connections-per-ip` counts connections that were open before",
    file: files.addresses,
    find: "(this.#counts.get(name) ?? 0) - 1;",
    replace: "(this.#counts.get(name) ?? 0) - (this.max > 0 ? 1 : 0);",
    tests: [tests.addresses],
  },
  {
    says: "on a terminal, which is gone at that moment, it drains the node like SIGTERM.",
    file: files.program,
    find: "process.stdout.isTTY === true",
    replace: "process.stdout.isTTY === undefined",
    tests: ["test/integration/access/advice.node.test.ts"],
  },
  {
    says: "A second signal ends the process at once, with 1.",
    file: files.program,
    find: "    stopping = true;\n",
    replace: "",
    tests: ["test/integration/programs/command-line.node.test.ts"],
  },
  {
    says: "and ends with 0 or 1: for [containers]",
    file: files.health,
    find: "if (status === 200) {",
    replace: "if (status !== 404) {",
    tests: [tests.health],
  },
];

export const reloads: Part = { name: "reloads", page, mutants };
