import type { Mutant, Part } from "../mutant.ts";

const page = "docs/reliability.md";
const files = {
  dispatcher: "core/commands/command-dispatcher.ts",
  sender: "adapters/origin/send/node-sender.ts",
  batches: "adapters/origin/send/batch-sender.ts",
} as const;
const tests = ["test/unit/adapters/origin/send/command-properties.test.ts"] as const;

/** Faults that random lives of the library's commands find, whatever else finds them. */
const mutants: readonly Mutant[] = [
  {
    says: "it sends them again, and the node drops what it has",
    file: files.dispatcher,
    find: "skip = acceptance.skip;",
    replace: "skip = 0;",
    tests,
  },
  {
    says: "carried out once, in the order in which the origin gave it for that node",
    file: files.dispatcher,
    find: "if (gap > 0) {",
    replace: "if (gap < 0) {",
    tests,
  },
  {
    says: "or 2 s of silence it sends them again, and the node drops what it has",
    file: files.sender,
    find: "else reliable.probe();",
    replace: "",
    tests,
  },
  {
    says: "The library keeps them until the node confirms that they were carried out.",
    file: files.dispatcher,
    find: "if (stream !== undefined) app.acks.note(",
    replace: "if (stream === null) app.acks.note(",
    tests,
  },
  {
    says: "If the broker loses it, nobody notices, unless the batches have the fifth element",
    file: files.sender,
    find: "const oldest = kept ? stream.reliable.oldestAvailable : first;",
    replace: "const oldest = first;",
    tests,
  },
  {
    says: "at QoS 0 until the node has confirmed them",
    file: files.batches,
    find: "acknowledged: (batch: SentBatch) => this.#settle(stream, batch),",
    replace: "",
    tests,
  },
];

export const commandLives: Part = { name: "command-lives", page, mutants };
