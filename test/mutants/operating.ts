import type { Mutant, Part } from "./mutant.ts";

const page = "docs/operating";
const files = {
  login: "runtimes/cli/broker-login.ts",
  log: "adapters/log/log-limiter.ts",
  redact: "adapters/log/redact.ts",
} as const;
const tests = {
  broker: "test/unit/runtimes/cli/broker-login.test.ts",
  log: "test/unit/adapters/log/log-limiter.test.ts",
  logger: "test/unit/adapters/log/logger.test.ts",
} as const;

/** What an operator relies on. */
const mutants: readonly Mutant[] = [
  {
    says: "(`broker-host`) the embedded broker does not start without them",
    file: files.login,
    find: "if (isLoopback(host)) return undefined;",
    replace: "return undefined;",
    tests: [tests.broker],
  },
  {
    says: "Of one event and code at most ten lines a second are written",
    file: files.log,
    find: "if (window.lines >= this.#linesMax) {",
    replace: "if (false) {",
    tests: [tests.log],
  },
  {
    says: "No log line shows the password.",
    file: files.redact,
    find: 'return text.includes("://") ?',
    replace: "return false ?",
    tests: [tests.logger],
  },
];

export const operating: Part = { name: "operating", page, mutants };
