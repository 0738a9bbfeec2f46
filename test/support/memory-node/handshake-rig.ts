import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { ManualClock, MemoryBroker, type MemorySocket } from "../../../adapters/memory/mod.ts";
import type { GatewayOptions } from "../../../core/mod.ts";
import type { HandshakeAnswer } from "../../../core/ports/mod.ts";
import {
  type Item,
  MemoryNode,
  type MemoryNodeParts,
  recordEvents,
  settled,
} from "./memory-node.ts";

/** A node whose handshakes an origin decides, and that origin. */
export class HandshakeRig {
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly clock: ManualClock = new ManualClock();
  readonly events: ReturnType<typeof recordEvents> = recordEvents(this.broker);
  readonly node: MemoryNode;
  readonly answers: (HandshakeAnswer | undefined)[] = [];
  /** Those of a node without a client. */
  timers = 0;

  constructor(options: Partial<GatewayOptions> = {}, parts: Partial<MemoryNodeParts> = {}) {
    const { broker, clock } = this;
    this.node = new MemoryNode({ broker, clock, ...parts }, { authorize: "origin", ...options });
  }

  static async start(
    options: Partial<GatewayOptions> = {},
    parts: Partial<MemoryNodeParts> = {},
  ): Promise<HandshakeRig> {
    const rig = new HandshakeRig(options, parts);
    await rig.node.gateway.start();
    rig.timers = rig.clock.pendingTimers;
    return rig;
  }

  async rest(): Promise<void> {
    await settled();
    this.clock.turn();
    await settled();
  }

  /** A client asks to connect. Its index. */
  async ask(headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const index = this.answers.push(undefined) - 1;
    void this.node.handshake("/", headers).then((answer) => {
      this.answers[index] = answer;
    });
    await this.rest();
    return index;
  }

  /** Ids that an origin was asked about, in order. */
  asked(): string[] {
    return this.told("connect").map(([id]) => id as string);
  }

  told(verb: string): unknown[][] {
    return this.events.filter(([, , v]) => v === verb).map(([, , , ...rest]) => rest);
  }

  async decide(...items: Item[]): Promise<void> {
    this.broker.command("default", "o", "n", encode(items));
    await this.rest();
    await this.rest();
  }

  async wait(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.rest();
  }

  open(index: number): MemorySocket {
    const answer = this.answers[index];
    assert.ok(answer?.accepted, "the client may come in");
    return this.node.open(answer);
  }

  refusal(index: number): string {
    const answer = this.answers[index];
    assert.ok(answer?.accepted === false, "the client was refused");
    return `${answer.statusCode} ${answer.errorCode}`;
  }

  /** No slot, hold, timer or entry of a table is left. */
  isEmpty(timers: number = this.timers): void {
    const { taken, groups, waiting, bus } = this.node;
    assert.deepEqual({ taken, groups, waiting }, { taken: 0, groups: 0, waiting: 0 });
    assert.deepEqual([...bus.joined], []);
    assert.equal(this.clock.pendingTimers, timers, "timers");
  }
}
