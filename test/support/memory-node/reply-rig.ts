import type { SaidOptions } from "./gateway-options.ts";
import type { Item, MemoryNodeParts } from "./memory-node.ts";
import { eventsOf, NodeRig } from "./node-rig.ts";

/** A node and what it replies. */
export class ReplyRig extends NodeRig {
  static async start(
    options: SaidOptions = {},
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
    await this.rest();
    await this.rest();
    return eventsOf(this.published.splice(0), verb);
  }

  /** Time passes; what was replied meanwhile. */
  async wait(ms: number): Promise<unknown[][]> {
    this.clock.advance(ms);
    return this.replies();
  }
}
