import { MqttCommandBus, MqttEventChannel } from "../../../adapters/mqtt/mod.ts";
import { Composition } from "../../../adapters/origin/api/composition.ts";
import { Origin } from "../../../adapters/origin/mod.ts";
import type { ServiceError } from "../../../core/base/mod.ts";
import { Gateway } from "../../../core/mod.ts";
import type { Codec, CodecOptions } from "../../../core/ports/mod.ts";
import {
  ManualClock,
  MemoryLogger,
  MemoryMetrics,
  MemorySocket,
  SeededRandom,
} from "../memory/mod.ts";
import { gatewayOptions } from "../memory-node/gateway-options.ts";
import { idOf, messagesOf, settled } from "../memory-node/memory-node.ts";
import { type BusFaults, SimulatedBus } from "./simulated-bus.ts";

/** What is drawn before a simulated life begins. */
export interface WorldOptions {
  readonly seed: number;
  readonly streamQos: 0 | 1;
  readonly json: boolean;
  readonly faults: BusFaults;
}

/** A client, and the messages that the origin sent to it, in order. */
export interface SimulatedClient {
  readonly id: string;
  readonly socket: MemorySocket;
  readonly expected: string[];
}

/** Longest step of the clock while something happens, and while everything comes to rest. */
const stepMs = 20;
const calmStepMs = 100;
/** A broker that ends short sessions of the link for events is the matter of `PoisonGuard`. */
const sessionMsMin = 5_000;
/** How long a caller waits for a reply, and the broker is calm at the end. */
const replyMs = 28_000;
const calmMs = 30_000;

function textOf(data: string | Uint8Array): string {
  return typeof data === "string" ? data : new TextDecoder().decode(data);
}

/**
 * One origin of the library and two gateways, over a broker that does its worst. Everything is
 * real but the sockets, the broker and the time.
 */
export class CommandWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly bus: SimulatedBus;
  readonly origin: Origin;
  readonly clients: SimulatedClient[] = [];
  /** Codes of what the library reported outside of any call. */
  readonly reported: string[] = [];
  /** Outcomes of the calls that wait for something; "pending" until it comes. */
  readonly outcomes: string[] = [];
  readonly #random: SeededRandom;
  readonly #gateways: readonly Gateway[];
  readonly #starting: Promise<unknown>;
  #sent = 0;

  constructor(
    createCodec: (options: CodecOptions) => Codec,
    { seed, streamQos, json, faults }: WorldOptions,
  ) {
    this.#random = new SeededRandom(seed);
    this.bus = new SimulatedBus(this.clock, this.#random, faults, streamQos);
    const { clock, bus } = this;
    const ports = { clock, random: new SeededRandom(seed + 1), openLink: bus.open };
    this.#gateways = ["n0", "n1"].map((node) => {
      const parts = { ...ports, logger: new MemoryLogger(), metrics: new MemoryMetrics() };
      const served = { apps: ["default"], node };
      const codec = createCodec({
        node,
        messageBytesMax: 200_000,
        batchBytesTarget: 65_536,
        partialBytesMax: 10_000,
      });
      const options = gatewayOptions({ node, mode: "assigned", presenceIntervalMs: 2_000 });
      return new Gateway(
        {
          ...parts,
          codec,
          channel: new MqttEventChannel(served, parts),
          bus: new MqttCommandBus(served, parts),
        },
        options,
      );
    });
    const format = json ? "json" : "msgpack";
    const composition = new Composition(
      { name: "o", format },
      { ...ports, logger: new MemoryLogger() },
    );
    this.origin = new Origin(composition);
    this.origin.on("error", ({ error }) => {
      this.reported.push((error as ServiceError).code ?? String(error));
    });
    const starts = this.#gateways.map((gateway) => gateway.start());
    this.#starting = Promise.all([...starts, this.origin.start()]);
  }

  /** Everything is connected, and knows of one another. */
  async start(): Promise<void> {
    await this.pass(sessionMsMin + 1_000, calmStepMs);
    await this.#starting;
  }

  async pass(ms: number, step: number = stepMs): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(left, step));
      await settled();
    }
  }

  connect(): void {
    const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
    const gateway = this.#gateways[this.clients.length % this.#gateways.length]!;
    const socket = new MemorySocket(gateway, { ...answer, subprotocol: undefined });
    this.clients.push({ id: idOf(socket), socket, expected: [] });
  }

  client(index: number): SimulatedClient | undefined {
    return this.clients[index % Math.max(this.clients.length, 1)];
  }

  /** A message with a number of its own, to one client or to several. */
  send(to: readonly SimulatedClient[], bytes: number): void {
    const text = this.#text(to, bytes);
    const ids = to.map(({ id }) => id);
    const data = this.#sent % 2 === 0 ? text : new TextEncoder().encode(text);
    this.origin.send(ids.length === 1 ? ids[0]! : ids, data);
  }

  /** The same, and whoever called waits for the reply. */
  ask(to: readonly SimulatedClient[]): void {
    const ids = to.map(({ id }) => id);
    const text = this.#text(to, 20);
    const reply = this.origin.sendWithReply(ids, text, { timeoutMs: replyMs });
    this.#expect(reply.then((outcomes) => [...new Set(outcomes.values())].sort().join()));
  }

  join({ id }: SimulatedClient, group: string): void {
    const joined = this.origin.connection(id).join(group, { timeoutMs: replyMs });
    this.#expect(joined);
  }

  say({ socket }: SimulatedClient): void {
    socket.receive("hello");
  }

  cut(index: number): void {
    const link = this.bus.links[index % this.bus.links.length]!;
    if (link.role !== "events" || link.upMs >= sessionMsMin) link.cut();
  }

  /** The broker is killed, and is there again soon. */
  outage(): void {
    const events = this.bus.links.filter(({ role }) => role === "events");
    if (events.some(({ upMs }) => upMs < sessionMsMin)) return;
    for (const link of this.bus.links) link.cut();
  }

  /** Nothing goes wrong any more: everything has to arrive. Returns what was repeated after. */
  async calm(): Promise<number> {
    this.bus.calm();
    this.#expect(this.origin.flushed().then(() => "flushed"));
    await this.pass(calmMs, calmStepMs);
    const before = this.#numbered();
    await this.pass(6_000, calmStepMs);
    return this.#numbered() - before;
  }

  /** The origin closes all connections, and everything ends. */
  async end(): Promise<void> {
    if (this.clients.length > 0) {
      this.origin.closeConnections(
        this.clients.map(({ id }) => id),
        4_000,
        "done",
      );
    }
    await this.pass(5_000, calmStepMs);
    const ends = [this.origin.close(), ...this.#gateways.map((gateway) => gateway.drain(0))];
    await this.pass(20_000, calmStepMs);
    await Promise.all(ends);
  }

  received({ socket }: SimulatedClient): string[] {
    return messagesOf(socket).map(textOf);
  }

  #text(to: readonly SimulatedClient[], bytes: number): string {
    const text = `${this.#sent++}:`.padEnd(bytes, "é");
    for (const { expected } of to) expected.push(text);
    return text;
  }

  #expect(outcome: Promise<string>): void {
    const index = this.outcomes.push("pending") - 1;
    outcome.then(
      (value) => {
        this.outcomes[index] = value;
      },
      (error) => {
        this.outcomes[index] = (error as ServiceError).code;
      },
    );
  }

  /** Numbered batches of commands that the broker has had. */
  #numbered(): number {
    return this.bus.seen.filter(({ topic, payload }) => {
      const isCommand = /\/nodes\/n\d\/commands\/o$/.test(topic);
      return isCommand && (payload[0] === 0x95 || (payload[0] === 0x5b && payload[1] === 0x31));
    }).length;
  }
}
