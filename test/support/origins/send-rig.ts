import { decode } from "@msgpack/msgpack";
import { packId } from "../../../adapters/origin/base/connection-ids.ts";
import { GroupSenders } from "../../../adapters/origin/send/group-senders.ts";
import { NodeSenders } from "../../../adapters/origin/send/node-senders.ts";
import { SendQueue } from "../../../adapters/origin/send/send-queue.ts";
import { type Link, type PublishDone, Topics } from "../../../adapters/topics/mod.ts";
import type { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";

/** A connection as senders see it. */
export function target(id: string): { id: string; packed: Uint8Array } {
  return { id, packed: packId(id) };
}

/** A batch of commands, whatever it is written in. */
export function readBatch(payload: Uint8Array): unknown[] {
  const json = payload[0] === 0x5b;
  return (json ? JSON.parse(new TextDecoder().decode(payload)) : decode(payload)) as unknown[];
}

/** The sending side of an origin over a link that a test plays. */
export class SendRig {
  readonly failures: Error[] = [];
  readonly direct: SendQueue;
  readonly nodes: NodeSenders;
  readonly grouped: SendQueue;
  readonly groups: GroupSenders;
  /** Whether the presence of nodes stands. */
  lives = true;
  /** Nodes that have none besides. */
  isGone: (node: string) => boolean = () => false;
  readonly link: { up: boolean; packetBytesMax: number | undefined; streamQos: 0 | 1 };
  /** With a `streamQos` of 0: topics of what the broker may lose. */
  readonly atMostOnce: string[] = [];

  constructor(
    clock: Clock,
    json: boolean,
    publish: (topic: string, payload: Uint8Array, done: PublishDone) => void,
  ) {
    const link = {
      up: true,
      packetBytesMax: undefined,
      streamQos: 1 as 0 | 1,
      publish,
      publishAtMostOnce: (topic: string, payload: Uint8Array, done: PublishDone) => {
        this.atMostOnce.push(topic);
        publish(topic, payload, done);
      },
    };
    this.link = link;
    const identity = { app: "default", name: "o", incarnation: "i", topics: new Topics() };
    const queue = (bytesMax: number): SendQueue =>
      new SendQueue(link as unknown as Link, clock, {
        json,
        bytesMax,
        failed: (error) => this.failures.push(error),
      });
    this.direct = queue(67_108_864);
    this.grouped = queue(33_554_432);
    const lives = (node: string): boolean => this.lives && !this.isGone(node);
    this.nodes = new NodeSenders(identity, this.direct, lives);
    this.groups = new GroupSenders(identity, this.grouped);
  }

  get codes(): string[] {
    return this.failures.map((error) => (error as ServiceError).code);
  }

  connected(up: boolean): void {
    this.link.up = up;
    this.direct.connected(up);
    this.grouped.connected(up);
  }
}
