import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import type { HandshakeAnswer } from "../../../core/ports/mod.ts";
import type { MemorySocket } from "../memory/mod.ts";
import type { SaidOptions } from "./gateway-options.ts";
import type { Item, MemoryNodeParts } from "./memory-node.ts";
import { eventsOf, NodeRig } from "./node-rig.ts";

/** A node whose handshakes an origin decides, and that origin. */
export class HandshakeRig extends NodeRig {
  readonly answers: (HandshakeAnswer | undefined)[] = [];
  /** Those of a node without a client. */
  timers = 0;

  static async start(
    options: SaidOptions = {},
    parts: Partial<MemoryNodeParts> = {},
  ): Promise<HandshakeRig> {
    const rig = new HandshakeRig({ authorize: "origin", ...options }, parts);
    await rig.node.gateway.start();
    rig.timers = rig.clock.pendingTimers;
    return rig;
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
    return eventsOf(this.published, verb);
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
