import { encode } from "@msgpack/msgpack";
import type { MemorySocket } from "../memory/mod.ts";
import type { SaidOptions } from "./gateway-options.ts";
import { type MemoryNodeParts, settled } from "./memory-node.ts";
import { NodeRig } from "./node-rig.ts";
import { SimulatedNetwork, SimulatedOrigin } from "./simulated-origins.ts";

/** A node, its origins, and what is between them. */
export class RouterRig extends NodeRig {
  readonly network: SimulatedNetwork;
  readonly origins: SimulatedOrigin[] = [];
  /** Items that each of them takes unconfirmed. */
  windowItems = 1_000;
  /** Their shares, by name, where they are not all the same. */
  readonly weights: Map<string, number> = new Map();

  constructor(options: SaidOptions = {}, parts: Partial<MemoryNodeParts> = {}) {
    const network = new SimulatedNetwork(encode);
    const assigned = { mode: "assigned", originWaitMs: 10_000, ...options } as const;
    super(assigned, { channel: () => network, ...parts });
    this.network = network;
    network.bus = this.node.bus;
  }

  async start(...names: readonly string[]): Promise<this> {
    await this.node.gateway.start();
    await this.join(...names);
    return this;
  }

  /** Further origins announce themselves. */
  async join(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const origin = new SimulatedOrigin(name, "i1");
      this.origins.push(origin);
      this.network.origins.set(name, origin);
    }
    await this.rest();
  }

  /** An origin's process is killed: the broker sends its Will. */
  kill(origin: SimulatedOrigin): void {
    origin.alive = false;
    this.network.listener.origin("default", origin.name, undefined);
  }

  /** Heartbeats, and what is under way gets where it goes; nothing is handled. */
  override async rest(): Promise<void> {
    for (const origin of this.origins) {
      const { name } = origin;
      const weight = this.weights.get(name);
      this.network.announce(origin, this.clock.now(), {
        window: this.windowItems,
        ...(weight === undefined ? {} : { weight }),
      });
    }
    for (let round = 0; round < 5; round++) {
      this.clock.turn();
      while (this.network.underWay > 0) this.network.deliver();
      await settled();
    }
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1_000);
      await this.rest();
    }
  }

  async handle(...origins: readonly SimulatedOrigin[]): Promise<void> {
    await this.rest();
    for (const origin of origins) {
      while (origin.inbox.length > 0) this.network.handle(origin);
      await this.rest();
    }
  }

  async handshake(): Promise<string> {
    const answer = await this.node.handshake("/");
    return answer.accepted ? "welcome" : `${answer.statusCode} ${answer.errorCode}`;
  }

  logged(event: string): unknown[] {
    return this.node.logger.of(event).map(({ level, fields }) => [level, fields.code]);
  }
}

/** Verb and `seq` of what origins handled. */
export function handled(...origins: readonly SimulatedOrigin[]): string[] {
  return origins.flatMap((origin) => origin.handled.map(([verb, , seq]) => `${verb} ${seq}`));
}

/** Codes of the close frames that a client got. */
export function closes({ delivered }: MemorySocket): unknown[] {
  return delivered.filter(({ type }) => type === "close").map((one) => Object.values(one).at(1));
}
