import type { Mutant, Part } from "../mutant.ts";

const page = "docs/data-path.md";
const files = {
  batches: "adapters/origin/send/command-batch.ts",
  bun: "runtimes/bun/socket.ts",
  cutter: "adapters/mqtt/lane/packet-cutter.ts",
  encoder: "wasm/codec/events.ts",
  head: "adapters/mqtt/lane/publish-packet.ts",
  lane: "adapters/mqtt/lane/data-lane.ts",
  splitter: "core/events/batch-splitter.ts",
} as const;
const tests = {
  batches: "test/unit/adapters/origin/send/command-batch.test.ts",
  cutter: "test/unit/adapters/mqtt/lane/packet-cutter.test.ts",
  encoder: "test/unit/wasm/codec/events.test.ts",
  head: "test/unit/adapters/mqtt/lane/publish-packet.test.ts",
  lane: "test/unit/adapters/mqtt/lane/data-lane.test.ts",
  limits: "test/unit/wasm/codec/events-limits.test.ts",
  sockets: "test/runtimes/sockets-bun-native.once.test.ts",
  splitter: "test/unit/core/events/batch-splitter.test.ts",
} as const;

/** Packets at QoS 0 that pass MQTT.js by. */
const lane: readonly Mutant[] = [
  {
    says: "a packet above the limit that was announced to the broker",
    file: files.cutter,
    find: "chunk[at] === publishQos0 && end - at <= this.#packetBytesMax",
    replace: "chunk[at] === publishQos0 && end - at < this.#packetBytesMax",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "a PUBLISH with RETAIN, DUP or properties",
    file: files.cutter,
    find: "if (this.#plainStart > 0 && chunk[topicEnd] !== 0) return false;",
    replace: "",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "**What goes to MQTT.js besides:** a PUBLISH with RETAIN",
    file: files.cutter,
    find: "chunk[at] === publishQos0 && end",
    replace: "((chunk[at] ?? 0) & 0xf6) === publishQos0 && end",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "a topic that is empty",
    file: files.cutter,
    find: "if (topicEnd === topicStart || payload > end) return false;",
    replace: "if (payload > end) return false;",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "and whatever is malformed, from its first byte on",
    file: files.cutter,
    find: "if (topicEnd === topicStart || payload > end) return false;",
    replace: "if (topicEnd === topicStart) return false;",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "while it has a packet that it did not handle, what comes behind goes the same way",
    file: files.cutter,
    find: "        if (!this.#out.busy) {\n",
    replace: "        if (this.#out.busy !== undefined) {\n",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "what comes behind goes the same way",
    file: files.cutter,
    find: "!this.#out.busy && this.#message(packet,",
    replace: "this.#message(packet,",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "MQTT.js gets all other bytes untouched",
    file: files.cutter,
    find: "this.#out.others(Buffer.from(packet));",
    replace: "this.#out.others(packet);",
    tests: [tests.cutter],
  },
  {
    says: "A plain PUBLISH at QoS 0 is handed on where it lies",
    file: files.cutter,
    find: "if (this.#topicBytes.compare(chunk, topicStart, topicEnd) !== 0) {",
    replace: "if (this.#topicBytes.length !== topicEnd - topicStart) {",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "Bytes from the broker are cut into packets there.",
    file: files.cutter,
    find: "for (let index = to - 1; index >= from; index--) length",
    replace: "for (let index = from; index < to; index++) length",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "and while it has bytes that are not written, a message goes behind them",
    file: files.lane,
    find: "const target = this.writableLength > 0 ? this : this.#socket;",
    replace: "const target = this.#socket;",
    tests: [tests.lane],
  },
  {
    says: "PUBLISH packets at QoS 0 pass MQTT.js by, in both directions.",
    file: files.lane,
    find: "if (this.#unhandled > 0) this.#unhandled--;",
    replace: "",
    tests: [tests.lane],
  },
  {
    says: "What goes out at QoS 0 is written to the socket in one piece.",
    file: files.lane,
    find: "    target.cork();\n",
    replace: "",
    tests: [tests.lane],
  },
  {
    says: "It gets a stream of ours in place of the socket",
    file: files.lane,
    find: "    this.#paused = true;\n    this.#socket.pause();\n",
    replace: "    this.#paused = true;\n",
    tests: [tests.lane],
  },
  {
    says: "a stream of ours in place of the socket",
    file: files.lane,
    find: "      if (!this.#ended) this.destroy();\n",
    replace: "",
    tests: [tests.lane],
  },
  {
    says: "MQTT.js keeps the session",
    file: files.lane,
    find: "    this.#socket.destroy();\n    done(error);",
    replace: "    done(error);",
    tests: [tests.lane],
  },
  {
    says: "A message at QoS 0 never overtakes one at QoS 1.",
    file: files.cutter,
    find: "if (others < at) this.#out.others(chunk.subarray(others, at));\n        others = at;",
    replace: "",
    tests: [tests.cutter, tests.lane],
  },
  {
    says: "A fuzz compares it with `mqtt-packet` in both directions",
    file: files.head,
    find: "length < 0x4000 ? 2",
    replace: "length <= 0x4000 ? 2",
    tests: [tests.head],
  },
];

/** Large messages: what is written where it lies. */
const large: readonly Mutant[] = [
  {
    says: "says how much it is, and the data lane writes the header of the packet there",
    file: files.lane,
    find: "if (headBytes <= room) {",
    replace: "if (room > 0) {",
    tests: [tests.lane],
  },
  {
    says: "A smaller batch is copied, as before",
    file: files.lane,
    find: "if (payloadBytes <= joinBytesMax) {",
    replace: "if (false) {",
    tests: [tests.lane],
  },
  {
    says: "What waits for that socket goes out before it.",
    file: files.bun,
    find: "      this.flush();\n      this.#write(message.bytes());",
    replace: "      this.#write(message.bytes());",
    tests: [tests.sockets],
  },
  {
    says: "| – if it is ASCII |",
    file: files.encoder,
    find: "if (read < length) return undefined;",
    replace: "",
    tests: [tests.encoder, tests.limits],
  },
  {
    says: "`room` in `NumberedBatch` and `Link.publishAtMostOnce` says how much it is",
    file: files.splitter,
    find: "[{ ...batch, payload, room: 0 }]",
    replace: "[{ ...batch, payload }]",
    tests: [tests.splitter],
  },
  {
    says: "is written behind the batch the first time, and into a copy after that",
    file: files.batches,
    find: "byteLength + tailRoom > whole.length || whole[byteLength] !== 0",
    replace: "byteLength + tailRoom > whole.length",
    tests: [tests.batches],
  },
  {
    says: "A batch above 16 KiB has room before it in its buffer.",
    file: files.encoder,
    find: "return this.#instance.copy(at - room, room + bytes).subarray(room);",
    replace: "return this.#instance.copy(at, bytes);",
    tests: [tests.encoder, tests.limits],
  },
];

export const dataLane: Part = { name: "data-lane", page, mutants: lane };
export const largeMessages: Part = { name: "large-messages", page, mutants: large };
