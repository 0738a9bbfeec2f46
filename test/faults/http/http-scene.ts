import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type GatewayProcess, spawnGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";
import { HttpFaultClient } from "./http-client.ts";
import { HttpOriginPlace, type Manner } from "./http-origin.ts";
import { type HttpVerdict, judgeHttp } from "./http-verdict.ts";

export type Form = "batch" | "original";

/** How the origin is reached: by the node itself, or by two bridges beside a broker. */
export type Way = "node" | "bridges";

const clientsPerNode = 10;
const settledMs = 20_000;

/** Short, so that hung requests are waited for. */
const timeout = ["--origin-timeout", "500ms"];

export interface HttpSceneOptions {
  readonly form: Form;
  readonly way: Way;
  readonly manner: Manner;
  /** How long a request is tried again: `--origin-retry`. */
  readonly retryMs: number;
}

/** Nodes, an HTTP origin and clients that talk all the time. */
export class HttpScene implements AsyncDisposable {
  readonly form: Form;
  readonly retryMs: number;
  readonly origin: HttpOriginPlace;
  readonly nodes: GatewayProcess[] = [];
  readonly bridges: GatewayProcess[] = [];
  readonly clients: HttpFaultClient[] = [];
  #broker: Mosquitto | undefined;
  /** The path of the requests of a bridge that was killed. */
  #killed: string | undefined;
  #talking: NodeJS.Timeout | undefined;

  private constructor({ form, retryMs }: HttpSceneOptions, origin: HttpOriginPlace) {
    this.form = form;
    this.retryMs = retryMs;
    this.origin = origin;
  }

  static async start(options: HttpSceneOptions): Promise<HttpScene> {
    const { way, manner } = options;
    const scene = new HttpScene(options, await HttpOriginPlace.start(manner));
    try {
      if (way === "bridges") {
        scene.#broker = await Mosquitto.start();
        await Promise.all([scene.startBridge(), scene.startBridge()]);
      }
      const nodes = way === "node" ? 1 : 2;
      for (let node = 0; node < nodes; node++) await scene.#startNode();
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  async startBridge(): Promise<void> {
    const caller = `bridge${this.bridges.length}`;
    const flags = ["--broker", this.#broker?.url() ?? "", ...this.#originFlags(caller)];
    const bridge = spawnGateway({ command: "bridge", flags, kept: true });
    this.bridges.push(bridge);
    await bridge.event("started");
  }

  /** `kill -9` of the first one. */
  async killBridge(): Promise<void> {
    await this.bridges[0]?.[Symbol.asyncDispose]();
    this.#killed = "/bridge0";
  }

  /** Everybody says something every few milliseconds, until `hush`. */
  talk(): void {
    this.#talking = setInterval(() => {
      for (const client of this.clients) client.say();
    }, 5);
  }

  /** Resolves when somebody has said so many messages more, or nobody is left. */
  async saidMore(messages: number): Promise<void> {
    const said = (): number => Math.max(0, ...this.clients.map((client) => client.said));
    const end = said() + messages;
    const cut = (): boolean => this.clients.every(({ open }) => !open);
    await waitFor(() => said() >= end || cut(), {
      what: `${messages} messages`,
      deadline: settledMs,
    });
  }

  /** Resolves when the origin has handled more than so many messages, each counted once. */
  async handled(messages: number): Promise<void> {
    await waitFor(() => new Set(this.origin.messages).size > messages, {
      what: `${messages} handled messages`,
      deadline: settledMs,
      every: 50,
    });
  }

  /** Nobody says anything more; resolves with what became of everything. */
  async hush({ endsTold }: { readonly endsTold: boolean }): Promise<HttpVerdict> {
    clearInterval(this.#talking);
    const look = (): HttpVerdict => judgeHttp(this.clients, this.origin, this.#killed);
    const done = ({ lost, echoesLost, untold }: HttpVerdict): boolean =>
      lost === 0 && echoesLost === 0 && (untold === 0 || !endsTold);
    // Each look reads all that was said.
    await waitFor(() => done(look()), { deadline: settledMs, every: 100 }).catch(() => {});
    return look();
  }

  async #startNode(): Promise<void> {
    const flags =
      this.#broker === undefined
        ? this.#originFlags("node")
        : ["--broker", this.#broker.url(), "--origin-mode", "assigned"];
    const node = spawnGateway({ flags: [...flags, "--event-window-size", "65536"], kept: true });
    this.nodes.push(node);
    const { port } = await node.started;
    for (let client = 0; client < clientsPerNode; client++) {
      const label = `n${this.nodes.length}c${client}`;
      this.clients.push(await HttpFaultClient.open(label, port));
    }
  }

  #originFlags(caller: string): string[] {
    const retry = ["--origin-retry", `${this.retryMs}ms`];
    return [
      "--origin",
      this.origin.urlFor(caller),
      "--origin-format",
      this.form,
      ...timeout,
      ...retry,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#talking);
    for (const client of this.clients) client.destroy();
    for (const one of [...this.nodes, ...this.bridges]) await one[Symbol.asyncDispose]();
    await this.origin[Symbol.asyncDispose]();
    await this.#broker?.[Symbol.asyncDispose]();
  }
}
