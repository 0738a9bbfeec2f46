import type { Mutant, Part } from "../mutant.ts";

const page = "docs/runtimes.md";
const stream = "runtimes/bun/tcp-stream.ts";
const tcpPort = "runtimes/bun/tcp-port.ts";
const tests = ["test/unit/runtimes/bun/tcp-port.bun.test.ts"];

/** What `Bun.listen` leaves to us. */
const mutants: readonly Mutant[] = [
  {
    says: "`write` gives to the kernel what it takes, and returns how much that was.",
    file: stream,
    find: "this.backlog.add(taken === 0 ? bytes : bytes.subarray(taken));",
    replace: "this.backlog.add(bytes);",
    tests,
  },
  {
    says: "The rest waits in our backlog until `drain`.",
    file: stream,
    find: "if (backlog.byteLength > 0) return;",
    replace: "",
    tests,
  },
  {
    says: "The rest waits in our backlog",
    file: stream,
    find: "const taken = this.backlog === undefined ? this.#put(bytes) : 0;",
    replace: "const taken = this.#put(bytes);",
    tests,
  },
  {
    says: "Bun also calls `drain` after `pause`, after `resume`",
    file: stream,
    find: "if (backlog === undefined) return;",
    replace: "if (backlog === undefined) return this.owner?.drained();",
    tests,
  },
  {
    says: "a paused stream is told nothing more, so we close it.",
    file: stream,
    find: "    this.destroy();\n    return bytes.length;",
    replace: "    return bytes.length;",
    tests,
  },
  {
    says: "`end` closes the descriptor at once, although its types say otherwise.",
    file: stream,
    find: "if (this.backlog === undefined) this.#socket.shutdown();",
    replace: "if (this.backlog === undefined) this.#socket.end();",
    tests,
  },
  {
    says: "Bytes that were not read then cause a reset",
    file: stream,
    find: "if (this.#state === State.ending) this.#socket.shutdown();",
    replace: "if (this.#state === State.ending) this.#socket.end();",
    tests,
  },
  {
    says: "So we call `shutdown` when the backlog is empty",
    file: stream,
    find: "if (this.backlog === undefined) this.#socket.shutdown();",
    replace: "this.#socket.shutdown();",
    tests,
  },
  {
    says: "`terminate` would send a reset.",
    file: stream,
    find: "    this.#socket.close();\n",
    replace: "    this.#socket.terminate();\n",
    tests,
  },
  {
    says: "The owner of the stream is told in a microtask.",
    file: stream,
    find: "queueMicrotask(() => this.gone(endings));",
    replace: "this.gone(endings);",
    tests,
  },
  {
    says: "Without `allowHalfOpen` the descriptor is closed right after the handler `end`.",
    file: tcpPort,
    find: "allowHalfOpen: true",
    replace: "allowHalfOpen: false",
    tests,
  },
  {
    says: "A reset is `close`, with an error and without `end`",
    file: tcpPort,
    find: "      data.closed(endings);\n",
    replace: "",
    tests,
  },
];

export const bunStreams: Part = { name: "bun-streams", page, mutants };
