import { decode } from "@msgpack/msgpack";
import type { HttpAnswer, HttpRequest } from "../../../adapters/http-client/mod.ts";
import { type BatchOptions, BatchOrigin } from "../../../adapters/http-origin/batch/mod.ts";
import { BackEnds, Failures, requestCounters, Signer } from "../../../adapters/http-origin/mod.ts";
import { InProcessBus } from "../../../adapters/in-process/mod.ts";
import { encodePresence, type Link, Topics } from "../../../adapters/topics/mod.ts";
import { ManualClock, MemoryLogger, MemoryMetrics, SeededRandom } from "../memory/mod.ts";
import { answerOf } from "./answers.ts";

/** A request that the HTTP origin has not answered. */
export interface PendingRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the client may send it again where a kept connection was lost. */
  readonly repeatable: boolean | undefined;
  /** Answers it, with JSON where a value is given. */
  readonly answer: (status: number, value?: unknown) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** What a node got on its topic of commands, in order. */
export interface TakenCommands {
  readonly sender: string;
  readonly batch: readonly unknown[];
}

const app = "default";

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A batch origin on a bus inside the process; a test plays the nodes and the HTTP origin. */
export class BatchRig {
  readonly bus: InProcessBus = new InProcessBus();
  readonly clock: ManualClock = new ManualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly metrics: MemoryMetrics = new MemoryMetrics();
  readonly topics: Topics = new Topics();
  readonly requests: PendingRequest[] = [];
  readonly presences: string[] = [];
  readonly errors: string[] = [];
  readonly urls: readonly string[];
  readonly origin: BatchOrigin;

  constructor(
    options: Partial<BatchOptions> = {},
    urls: readonly string[] = ["http://origin.test/events"],
    signer?: Signer,
  ) {
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
        client: { post: (url, request) => this.#post(url, request) },
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
    await settle();
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

  /** The oldest request without an answer. */
  next(): PendingRequest {
    const request = this.requests.shift();
    if (request === undefined) throw new Error("there is no request");
    return request;
  }

  async advance(ms: number): Promise<void> {
    // In steps, so that what a timer began can begin another one.
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(left, 100));
      await settle();
    }
  }

  #post(url: string, { body, headers = {}, repeatable }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.requests.push({
        url,
        body: typeof body === "string" ? body : new TextDecoder().decode(body),
        headers,
        repeatable,
        answer: async (status, value) => {
          resolve(answerOf(status, value));
          await settle();
          this.clock.turn();
          await settle();
        },
        fail: async (error) => {
          reject(error);
          await settle();
        },
      });
    });
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
    await settle();
  }

  /** Publishes what is not a batch, too. */
  async publish(text: string, retain: boolean = false): Promise<void> {
    const topic = this.#rig.topics.originEvents(app, "h", this.#name);
    this.#link.publish(topic, new TextEncoder().encode(text), () => {}, retain);
    await settle();
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
