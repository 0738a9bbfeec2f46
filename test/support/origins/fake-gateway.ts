import { decode, encode } from "@msgpack/msgpack";
import type { MqttLink } from "../../../adapters/mqtt/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { plainClient } from "../broker/broker-rigs.ts";

export interface SentCommand {
  /** Empty where it went to all nodes, or to those with members of a group. */
  readonly node: string;
  readonly group?: string;
  readonly sender: string;
  readonly item: readonly unknown[];
}

export const opened = (id: string): unknown[] => ["open", id, 0, { path: "/chat", at: 5 }];

export const said = (id: string, seq: number, data: unknown): unknown[] => [
  "message",
  id,
  seq,
  data,
];

export const closed = (id: string, seq: number): unknown[] => [
  "close",
  id,
  seq,
  1000,
  "bye",
  "client",
];

/** Plays a gateway towards origins: numbered events out, commands in. A bare MQTT client. */
export class FakeGateway {
  /** Batches of events that the broker has not confirmed; a link takes 64 MiB of those. */
  unanswered = 0;
  readonly commands: SentCommand[] = [];
  readonly batches: { topic: string; batch: readonly unknown[] }[] = [];
  readonly #topics: Topics = new Topics();
  readonly #app: string;
  readonly #next: Map<string, number> = new Map();
  #link!: MqttLink;

  private constructor(app: string) {
    this.#app = app;
  }

  static async start(port: number, app = "default"): Promise<FakeGateway> {
    const gateway = new FakeGateway(app);
    const filters = ["nodes/+/commands/+", "commands/+", "groups/+/commands/+"];
    const full = filters.map((filter) => `wss/v1/${app}/${filter}`);
    gateway.#link = await plainClient(port, full, (topic, payload) =>
      gateway.#command(topic, payload),
    );
    return gateway;
  }

  /** The next items of the stream `node:incarnation:0`. */
  events(node: string, incarnation: string, items: readonly unknown[]): void {
    const stream = `${node}:${incarnation}:0`;
    const first = this.#next.get(stream) ?? 0;
    this.#next.set(stream, first + items.length);
    this.batch(node, encode([1, stream, first, items]));
  }

  /** The next items of the stream that a node in assigned mode has for one origin. */
  assigned(node: string, origin: string, items: readonly unknown[], generation = 1): void {
    const stream = `${node}:i1:${origin}:${generation}`;
    const first = this.#next.get(stream) ?? 0;
    this.#next.set(stream, first + items.length);
    const topic = this.#topics.originEvents(this.#app, origin, node);
    this.#link.publish(topic, encode([1, stream, first, items]), () => {});
  }

  /** Numbers that never go out: the broker has dropped a batch. */
  lose(node: string, incarnation: string, items: number): void {
    const stream = `${node}:${incarnation}:0`;
    this.#next.set(stream, (this.#next.get(stream) ?? 0) + items);
  }

  batch(node: string, payload: Uint8Array): void {
    this.unanswered++;
    const answered = (): void => void this.unanswered--;
    this.#link.publish(this.#topics.events(this.#app, 0, node), payload, answered);
  }

  presence(node: string, incarnation: string | undefined, every = 5_000): void {
    const presence = { v: 1, incarnation, at: Date.now(), every };
    const text = incarnation === undefined ? "" : JSON.stringify(presence);
    const topic = this.#topics.nodePresence(this.#app, node);
    this.#link.publish(topic, new TextEncoder().encode(text), () => {}, true);
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  #command(topic: string, payload: Uint8Array): void {
    const parsed = this.#topics.parse(topic);
    const node = parsed?.kind === "node-commands" ? parsed.node : "";
    const group = parsed?.kind === "group-commands" ? { group: parsed.group } : {};
    if (parsed === undefined || !("sender" in parsed)) {
      throw new Error(`an unexpected topic: ${topic}`);
    }
    const json = payload[0] === 0x5b;
    const batch = (
      json ? JSON.parse(new TextDecoder().decode(payload)) : decode(new Uint8Array(payload))
    ) as unknown[];
    this.batches.push({ topic, batch });
    const items = (Array.isArray(batch[0]) ? batch : batch[3]) as unknown[][];
    for (const item of items) {
      this.commands.push({ node, ...group, sender: parsed.sender, item });
    }
  }
}
