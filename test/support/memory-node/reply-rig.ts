import { ManualClock, MemoryBroker } from "../../../adapters/memory/mod.ts";
import type { GatewayOptions } from "../../../core/mod.ts";
import {
  type Item,
  MemoryNode,
  type MemoryNodeParts,
  recordEvents,
  settled,
} from "./memory-node.ts";

/** A node and what it replies. */
export class ReplyRig {
  readonly clock: ManualClock = new ManualClock();
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly node: MemoryNode;
  readonly #events: ReturnType<typeof recordEvents> = recordEvents(this.broker);

  private constructor(options: Partial<GatewayOptions>, parts: Partial<MemoryNodeParts>) {
    this.node = new MemoryNode({ broker: this.broker, clock: this.clock, ...parts }, options);
  }

  static async start(
    options: Partial<GatewayOptions> = {},
    parts: Partial<MemoryNodeParts> = {},
  ): Promise<ReplyRig> {
    const rig = new ReplyRig(options, parts);
    await rig.node.gateway.start();
    return rig;
  }

  /** Carries commands out and ends the turn; what was replied until then. */
  async do(...items: Item[]): Promise<unknown[][]> {
    this.node.local(items);
    return this.replies();
  }

  /** What was replied since the last time: `[ref, result]`. */
  async replies(): Promise<unknown[][]> {
    return (await this.events("reply")).map(([ref, result]) => [ref, result]);
  }

  /** Events of one kind since the last time, after a rest; all others are dropped. */
  async events(verb: string): Promise<unknown[][]> {
    for (let turn = 0; turn < 2; turn++) {
      await settled();
      this.clock.turn();
    }
    await settled();
    const events = this.#events.splice(0);
    return events.filter(([, , v]) => v === verb).map(([, , , ...rest]) => rest);
  }

  /** Time passes; what was replied meanwhile. */
  async wait(ms: number): Promise<unknown[][]> {
    this.clock.advance(ms);
    return this.replies();
  }
}
