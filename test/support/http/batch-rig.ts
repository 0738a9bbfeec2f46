import { decode } from "@msgpack/msgpack";
import { type BatchOptions, BatchOrigin } from "../../../adapters/http-origin/batch/mod.ts";
import { BackEnds, Failures, requestCounters, Signer } from "../../../adapters/http-origin/mod.ts";
import { InProcessBus } from "../../../adapters/in-process/mod.ts";
import { encodePresence, type Link, Topics } from "../../../adapters/topics/mod.ts";
import { SeededRandom } from "../memory/mod.ts";
import { HttpOriginRig } from "./origin-rig.ts";

/** What a node got on its topic of commands, in order. */
export interface TakenCommands {
  readonly sender: string;
  readonly batch: readonly unknown[];
}

const app = "default";

/** A batch origin on a bus inside the process; a test plays the nodes and the HTTP origin. */
export class BatchRig extends HttpOriginRig {
  readonly bus: InProcessBus = new InProcessBus();
  readonly topics: Topics = new Topics();
  readonly presences: string[] = [];
  readonly errors: string[] = [];
  readonly urls: readonly string[];
  readonly origin: BatchOrigin;

  constructor(
    options: Partial<BatchOptions> = {},
    urls: readonly string[] = ["http://origin.test/events"],
    signer?: Signer,
  ) {
    super();
    this.urls = urls;
    const failures = new Failures(this);
    this.origin = new BatchOrigin(
      {
        app,
        name: "h",
        root: "wss",
        window: 20_000,
        itemsMax: 1_000,
        retryMs: 30_000,
        replies: true,
        ...options,
      },
      {
        clock: this.clock,
        random: new SeededRandom(7),
        logger: this.logger,
        counters: requestCounters(this.metrics),
        openLink: this.bus.open,
        client: { post: this.post },
        urls: new BackEnds(this.urls, () => this.clock.now()),
        sign: signer?.sign.bind(signer),
        failures: {
          report: (event, code, text) => {
            this.errors.push(code);
            failures.report(event, code, text);
          },
          tell: (...line) => failures.tell(...line),
        },
        failed: (error) => {
          throw error;
        },
      },
    );
  }

  async start(): Promise<void> {
    const watcher = this.bus.open({
      name: "watcher",
      role: "test",
      filters: [this.topics.originPresence(app, "h")],
    });
    await watcher.start({
      connected: () => {},
      message: (_topic, payload) => this.presences.push(new TextDecoder().decode(payload)),
    });
    await this.origin.start();
    await this.settle();
  }

  /** A node: it publishes events to the origin, and takes commands. */
  async node(name: string, incarnation: string = "i1"): Promise<RigNode> {
    const node = new RigNode(this, name);
    await node.start(incarnation);
    return node;
  }

  /** The bodies of requests that are not answered, parsed. */
  get bodies(): unknown[] {
    return this.requests.map(({ body }) => JSON.parse(body));
  }
}

/** One node of the rig. */
export class RigNode {
  readonly #rig: BatchRig;
  readonly #name: string;
  readonly #link: Link;
  readonly taken: TakenCommands[] = [];
  /** What was published to groups. */
  readonly published: string[] = [];

  constructor(rig: BatchRig, name: string) {
    this.#rig = rig;
    this.#name = name;
    const filters = [
      rig.topics.nodeCommands(app, name, "+"),
      "wss/v1/default/groups/+/commands/+",
    ];
    this.#link = rig.bus.open({ name, role: "test", filters });
  }

  async start(incarnation: string): Promise<void> {
    await this.#link.start({
      connected: () => {},
      message: (topic, payload) => {
        const batch = (payload[0] === 0x5b
          ? JSON.parse(new TextDecoder().decode(payload))
          : decode(payload)) as unknown as readonly unknown[];
        if (topic.includes("/groups/")) this.published.push(`${topic} ${JSON.stringify(batch)}`);
        else this.taken.push({ sender: topic.slice(topic.lastIndexOf("/") + 1), batch });
      },
    });
    await this.presence(incarnation);
  }

  /** Announces itself, or with undefined is gone. */
  async presence(incarnation: string | undefined): Promise<void> {
    const presence = { v: 1, at: 1, every: 60_000, connections: 0, runtime: "", version: "" };
    const payload =
      incarnation === undefined
        ? new Uint8Array(0)
        : encodePresence({ ...presence, v: 1, incarnation });
    this.#link.publish(this.#rig.topics.nodePresence(app, this.#name), payload, () => {}, true);
    await this.#rig.settle();
  }

  /** Publishes what is not a batch, too. */
  async publish(text: string, retain: boolean = false): Promise<void> {
    const topic = this.#rig.topics.originEvents(app, "h", this.#name);
    this.#link.publish(topic, new TextEncoder().encode(text), () => {}, retain);
    await this.#rig.settle();
  }

  async events(stream: string, first: number, ...items: readonly unknown[]): Promise<void> {
    await this.publish(JSON.stringify([1, stream, first, items]));
  }

  /** Acknowledgements of events that came since the last call. */
  async acks(): Promise<unknown[]> {
    await this.#rig.advance(100);
    const isAck = ({ batch }: TakenCommands): boolean =>
      Array.isArray(batch[0]) && batch[0][0] === "ack";
    const acks = this.taken.filter(isAck).flatMap(({ batch }) => batch);
    this.taken.splice(0, this.taken.length, ...this.taken.filter((one) => !isAck(one)));
    return acks;
  }

  /** Items of numbered batches of commands that came since the last call. */
  commands(): unknown[] {
    return this.taken.splice(0).flatMap(({ batch }) => (batch[0] === 1 ? batch[3] : []));
  }
}

/** The rig with one node. */
export async function openRig(
  options: Partial<BatchOptions> & { readonly secret?: string } = {},
): Promise<{ rig: BatchRig; node: RigNode }> {
  const { secret, ...rest } = options;
  const signer = secret === undefined ? undefined : new Signer(secret);
  const rig = new BatchRig(rest, undefined, signer);
  await rig.start();
  return { rig, node: await rig.node("n") };
}

/** The stream of events of node `n`, and two of its connections. */
export const batchStream = "n:i1:h:1";
export const batchIds: readonly [string, string] = [`n.${"a".repeat(26)}`, `n.${"b".repeat(26)}`];

/** The rig with one node that has sent a message of the first connection. */
export async function toldRig(
  options: Parameters<typeof openRig>[0] = {},
): ReturnType<typeof openRig> {
  const opened = await openRig(options);
  await opened.node.events(batchStream, 0, message(batchIds[0], 1));
  return opened;
}

export function message(id: string, seq: number, data: unknown = "x"): unknown[] {
  return ["message", id, seq, data];
}
