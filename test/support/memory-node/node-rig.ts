import { ManualClock, MemoryBroker } from "../memory/mod.ts";
import type { SaidOptions } from "./gateway-options.ts";
import { MemoryNode, type MemoryNodeParts, recordEvents, settled } from "./memory-node.ts";

/** A node, the broker and the clock that it has, and the events that it publishes. */
export class NodeRig {
  readonly clock: ManualClock = new ManualClock();
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly node: MemoryNode;
  readonly published: ReturnType<typeof recordEvents> = recordEvents(this.broker);

  constructor(options: SaidOptions = {}, parts: Partial<MemoryNodeParts> = {}) {
    const { broker, clock } = this;
    this.node = new MemoryNode({ broker, clock, ...parts }, options);
  }

  /** The node does what is due at the end of a turn. */
  async rest(): Promise<void> {
    await settled();
    this.clock.turn();
    await settled();
  }
}

/** Events of one kind, each without its verb. */
export function eventsOf(published: NodeRig["published"], verb: string): unknown[][] {
  return published.filter(([, , of]) => of === verb).map(([, , , ...rest]) => rest);
}
