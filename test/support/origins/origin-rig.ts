import { encode } from "@msgpack/msgpack";
import {
  type EmbeddedBroker,
  startEmbeddedBroker,
} from "../../../adapters/embedded-broker/mod.ts";
import {
  connectOrigin,
  type Origin,
  type OriginOptions,
  type ServiceError,
} from "../../../adapters/origin/mod.ts";
import { waitFor } from "../process/wait.ts";
import { FakeGateway, type SentCommand } from "./fake-gateway.ts";

/** The `ref` of a command. */
export function refOf({ item }: SentCommand): string {
  return (item.at(-1) as { ref: string }).ref;
}

/** The codes of all that goes wrong from now on. */
export function errorsOf(origin: Origin): string[] {
  const codes: string[] = [];
  origin.on("error", ({ error }) => void codes.push((error as ServiceError).code));
  return codes;
}

/** Origins of the library, a broker, and a test that plays the gateway. */
export class OriginRig {
  readonly broker: EmbeddedBroker;
  readonly gateway: FakeGateway;
  readonly #origins: Origin[] = [];

  private constructor(broker: EmbeddedBroker, gateway: FakeGateway) {
    this.broker = broker;
    this.gateway = gateway;
  }

  static async start(): Promise<OriginRig> {
    const broker = await startEmbeddedBroker();
    return new OriginRig(broker, await FakeGateway.start(broker.port));
  }

  async connect<State = unknown>(options: Partial<OriginOptions> = {}): Promise<Origin<State>> {
    const url = `mqtt://127.0.0.1:${this.broker.port}`;
    const full = { broker: url, version: "4", name: "o1", ...options } as const;
    const origin = await connectOrigin<State>(full);
    this.#origins.push(origin as Origin);
    return origin;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.close()));
    await this.gateway.stop();
    await this.broker.close();
  }

  /** The next command with that verb. */
  async nextOf(verb: string): Promise<SentCommand> {
    const { commands } = this.gateway;
    const found = await waitFor(() => commands.find(({ item }) => item[0] === verb), {
      what: verb,
    });
    commands.splice(commands.indexOf(found), 1);
    return found;
  }

  answer(node: string, ref: string | null, result: unknown): void {
    this.gateway.batch(node, encode([["reply", ref, result]]));
  }

  /** Lets an origin know these nodes. */
  async living(origin: Origin, ...nodes: string[]): Promise<void> {
    for (const node of nodes) this.gateway.presence(node, "i1");
    let known = 0;
    while (known < nodes.length) known = (await origin.count({ timeoutMs: 20 })).missing.length;
    // What asked for them may wait for the broker's word.
    await origin.flushed();
    this.gateway.commands.length = 0;
  }
}
