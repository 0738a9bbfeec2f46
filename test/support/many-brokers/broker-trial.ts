import { after } from "node:test";
import { setTimeout } from "node:timers/promises";
import { brokerName, brokerOf } from "../../../adapters/mqtt/brokers/mod.ts";
import { connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../broker/mosquitto.ts";
import { RawClient } from "../clients/raw-client.ts";
import type { GatewayRuntime } from "../gateway/combinations.ts";
import { type GatewayProcess, type Started, startGateway } from "../gateway/gateway.ts";
import { waitFor } from "../process/wait.ts";

export type TrialNode = GatewayProcess & { readonly info: Started };

export interface TrialNodeOptions {
  readonly brokers?: string;
  readonly flags?: readonly string[];
}

/** Several brokers, nodes and library origins, whose handlers note what they were given. */
export class BrokerTrial {
  readonly brokers: readonly Mosquitto[];
  /** What handlers were given, in order: by connection id. */
  readonly handled: Map<string, string[]> = new Map();
  readonly closes: string[] = [];
  readonly errors: string[] = [];

  private constructor(brokers: readonly Mosquitto[]) {
    this.brokers = brokers;
  }

  static async start(brokers: number): Promise<BrokerTrial> {
    const started = await Promise.all(Array.from({ length: brokers }, () => Mosquitto.start()));
    after(() => Promise.all(started.map((broker) => broker[Symbol.asyncDispose]())));
    return new BrokerTrial(started);
  }

  /** The list of these brokers, all of them by default. */
  list(brokers: readonly Mosquitto[] = this.brokers): string {
    return brokers.map((broker) => broker.url()).join(",");
  }

  nameOf(broker: Mosquitto): string {
    return brokerName(broker.url());
  }

  /** The broker that has this key. */
  ownerOf(key: string): Mosquitto {
    const names = this.brokers.map((broker) => this.nameOf(broker));
    return this.brokers[brokerOf(key, names)]!;
  }

  /** A name of an origin whose streams to and from these nodes are all on one broker. */
  originNameOn(broker: Mosquitto, nodes: readonly string[]): string {
    for (let number = 0; ; number++) {
      const name = `o${number}`;
      const isOn = (node: string): boolean =>
        this.ownerOf(`default/nodes/${node}/${name}`) === broker;
      if (nodes.every(isOn)) return name;
    }
  }

  /** The name of a group whose messages are on this broker. */
  groupOn(broker: Mosquitto): string {
    for (let number = 0; ; number++) {
      if (this.ownerOf(`default/groups/g${number}`) === broker) return `g${number}`;
    }
  }

  node(
    runtime: GatewayRuntime,
    name: string,
    { brokers = this.list(), flags = [] }: TrialNodeOptions = {},
  ): Promise<TrialNode> {
    const own = ["--broker", brokers, "--node-name", name, "--drain-period", "0ms"];
    own.push("--origin-mode", "assigned", "--presence-interval", "500ms");
    return startGateway({ runtime, flags: [...own, ...flags] });
  }

  /** An origin that answers each message with its own name and the message. */
  async origin(name: string, broker: string | readonly string[] = this.list()): Promise<Origin> {
    const origin = await connectOrigin({ broker, name });
    after(() => origin.close());
    origin.on("message", ({ connection, data }) => {
      const said = this.handled.get(connection.id) ?? [];
      said.push(String(data));
      this.handled.set(connection.id, said);
      connection.send(`${name} ${connection.id} ${data}`);
    });
    origin.on("close", ({ connection }) => void this.closes.push(connection.id));
    origin.on("error", ({ error }) => void this.errors.push(`${name}: ${error}`));
    return origin;
  }

  /** Resolves when the node gives these origins connections. */
  async joined(node: TrialNode, names: readonly string[]): Promise<void> {
    const isThere = (name: string): boolean =>
      node.log.some(({ event, origin }) => event === "origin-joined" && origin === name);
    await waitFor(() => names.every(isThere), { what: `${names} at ${node.info.node}` });
  }
}

/** A client that sends numbers one after the other, and reads their echoes. */
export class NumberTalker {
  readonly client: RawClient;
  sent = 0;
  /** The origin that answered last. */
  originName = "";
  id = "";
  readonly echoes: string[] = [];
  #talking = true;
  #ended = false;
  readonly #reading: Promise<void>;
  #sending: Promise<void> = Promise.resolve();

  private constructor(client: RawClient) {
    this.client = client;
    this.#reading = this.#read();
  }

  static async open(port: number): Promise<NumberTalker> {
    const talker = new NumberTalker(await RawClient.open(port));
    after(() => talker.end());
    talker.say();
    await waitFor(() => talker.echoes.length === 1, { what: "the first echo" });
    return talker;
  }

  say(): void {
    this.client.text(String(this.sent++));
  }

  /** Sends on and on until `hush`. */
  talk(everyMs: number): void {
    this.#talking = true;
    this.#sending = (async () => {
      for (; this.#talking && !this.#ended; await setTimeout(everyMs)) this.say();
    })();
  }

  async hush(): Promise<void> {
    this.#talking = false;
    await this.#sending;
  }

  /** Every number that was sent, in order: what echoes and handlers have to be. */
  get numbers(): string[] {
    return Array.from({ length: this.sent }, (_, number) => String(number));
  }

  /** Resolves when so many more echoes have come. */
  async moreEchoes(count: number): Promise<void> {
    const before = this.echoes.length;
    await waitFor(() => this.echoes.length >= before + count, { what: `${count} echoes` });
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.client.destroy();
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (!this.#ended) {
      // It may have to wait for a broker for longer than a test usually waits.
      const text = await this.client.nextText().catch(() => undefined);
      if (text === undefined && (this.client.closed || this.client.ended)) return;
      const [name = "", id = "", number] = text?.split(" ") ?? [];
      if (number === undefined) continue;
      [this.originName, this.id] = [name, id];
      this.echoes.push(number);
    }
  }
}
