import type { Mutant, Part } from "./mutant.ts";

const files = {
  body: "adapters/http-client/answer/body-buffer.ts",
  connection: "adapters/http-client/http-connection.ts",
  exchange: "adapters/http-client/exchange.ts",
  head: "adapters/http-client/answer/answer-head.ts",
  parser: "adapters/http-client/answer/answer-parser.ts",
  pool: "adapters/http-client/connection-pool.ts",
  proxies: "adapters/http-client/proxy-rules.ts",
  target: "adapters/http-client/http-target.ts",
  ticker: "adapters/http-client/ticker.ts",
} as const;
const tests = {
  client: "test/unit/adapters/http-client/http-client.test.ts",
  hostile: "test/unit/adapters/http-client/hostile-servers.test.ts",
  parser: "test/unit/adapters/http-client/answer/answer-parser.test.ts",
  proxies: "test/unit/adapters/http-client/proxy-rules.test.ts",
  request: "test/unit/adapters/http-client/request.test.ts",
} as const;

/** What POSTs to origins and peers. */
const mutants: readonly Mutant[] = [
  {
    says: "a whole request | `origin-timeout`, 15 s",
    file: files.exchange,
    find: "if (--this.#ticksLeft > 0) return;",
    replace: "return;",
    tests: [tests.client, tests.hostile],
  },
  {
    says: "name, TCP, proxy's tunnel and TLS | 1 s",
    file: files.ticker,
    find: "if (this.#ticksLeft === 0) this.#late();",
    replace: "",
    tests: [tests.client, tests.hostile],
  },
  {
    says: "the body of an answer, unzipped if it comes in gzip | 1 MiB",
    file: files.body,
    find: "if (this.#length + more <= this.#bytesMax) return;",
    replace: "return;",
    tests: [tests.parser],
  },
  {
    says: "`NO_PROXY` in the environment are used, in lower case too",
    file: files.proxies,
    find: 'environment[name] || environment[name.toLowerCase()] || ""',
    replace: 'environment[name] || ""',
    tests: [tests.proxies],
  },
  {
    says: "(with all names below them)",
    file: files.proxies,
    find: "host === name || host",
    replace: "host === name && host",
    tests: [tests.proxies],
  },
  {
    says: "each with a port if it matters",
    file: files.proxies,
    find: "if (port !== undefined && port !== hostPort) return false;",
    replace: "",
    tests: [tests.proxies],
  },
  {
    says: "This host is never reached through a proxy",
    file: files.proxies,
    find: 'if (name === "localhost" || isLoopbackAddress(name)) return undefined;',
    replace: "",
    tests: [tests.proxies],
  },
  {
    says: "Connections are kept, at most `origin-concurrency` of them",
    file: files.pool,
    find: "|| open >= this.#options.connectionsMax) return;",
    replace: ") return;",
    tests: [tests.client],
  },
  {
    says: "and replaced after 5 minutes, so that a name is resolved again",
    file: files.connection,
    find: "parser.reusable && this.#ticksLeft > 0 ?",
    replace: "parser.reusable ?",
    tests: [tests.client],
  },
  {
    says: "With `--origin-retry 0` a request is sent to each URL once at most",
    file: files.connection,
    find: "if (this.#hasAnswered && exchange.repeatable && !exchange.answered) {",
    replace: "if (this.#hasAnswered && !exchange.answered) {",
    tests: [tests.client, tests.hostile],
  },
];

/** Answers and requests that are not taken. */
const refusals: readonly Mutant[] = [
  {
    says: "the answer is not strict HTTP/1.1",
    file: files.head,
    find: 'if (size !== undefined) throw malformed("the answer has two lengths");',
    replace: "",
    tests: [tests.parser],
  },
  {
    says: "or its body has another coding than gzip",
    file: files.parser,
    find: 'if (!this.#isGzip && coding !== "identity") {',
    replace: "if (false) {",
    tests: [tests.parser],
  },
  {
    says: "or its headers have more than 16 KiB",
    file: files.parser,
    find: "if (this.#headBytesLeft === 0) {",
    replace: "if (false) {",
    tests: [tests.parser],
  },
  {
    says: "the connection ended before the answer was complete",
    file: files.parser,
    find: 'this.#head?.framing !== "until-end") return;',
    replace: "this.#head === undefined) return;",
    tests: [tests.parser, tests.hostile],
  },
  {
    says: "as many requests as allowed (10,000 for one server) wait for a connection",
    file: files.pool,
    find: "if (this.#waiting.size >= this.#options.waitingMax) {",
    replace: "if (false) {",
    tests: [tests.client],
  },
  {
    says: "a character that is not printable ASCII",
    file: files.target,
    find: "|| ownNames.has(lower) || !headerValuePattern.test(value)",
    replace: "|| ownNames.has(lower)",
    tests: [tests.request],
  },
  {
    says: "or a header that the client writes itself",
    file: files.target,
    find: "|| ownNames.has(lower) || !headerValuePattern.test(value)",
    replace: "|| !printable.test(value)",
    tests: [tests.request],
  },
  {
    says: "the request was given up: the node stops",
    file: files.connection,
    find: 'this.#exchange?.fail("http-aborted", abortedText);',
    replace: "",
    tests: [tests.client],
  },
];

export const httpClient: Part = { name: "http-client", page: "docs/operating", mutants };
export const httpErrors: Part = { name: "http-errors", page: "docs/errors.md", mutants: refusals };
