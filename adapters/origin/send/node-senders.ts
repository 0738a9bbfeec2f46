import { type OriginIdentity, originLimits } from "../base/mod.ts";
import { NodeSender } from "./node-sender.ts";
import type { SendQueue } from "./send-queue.ts";

/** A node's acknowledgement of a stream of commands. */
export interface CommandAck {
  readonly stream: string;
  /** It has carried out every command below. */
  readonly count: number;
  /** It misses commands from this number on. */
  readonly received: number | undefined;
  /** Whose stream it is, if other senders receive it too. */
  readonly sender: string | undefined;
}

export class NodeSenders {
  readonly #identity: OriginIdentity;
  readonly queue: SendQueue;
  readonly #lives: (node: string) => boolean;
  readonly #nodes: Map<string, NodeSender> = new Map();
  #streams = 0;

  /** `lives` says whether a node is present. */
  constructor(identity: OriginIdentity, queue: SendQueue, lives: (node: string) => boolean) {
    this.#identity = identity;
    this.queue = queue;
    this.#lives = lives;
  }

  node(node: string): NodeSender {
    let sender = this.#nodes.get(node);
    if (sender === undefined) {
      if (this.#nodes.size >= originLimits.nodeSendersMax) this.#forgetGone();
      const { app, name, incarnation, topics } = this.#identity;
      sender = new NodeSender(
        topics.nodeCommands(app, node, name),
        this.queue,
        // A new name each time: a node that was wrongly taken for dead remembers earlier streams.
        () => `${name}:${incarnation}:${node}:${this.#streams++}`,
        () => this.#lives(node),
      );
      this.#nodes.set(node, sender);
    }
    return sender;
  }

  /** A node is taken for dead. It gets a new stream if it comes back. */
  retire(node: string): void {
    this.#nodes.get(node)?.retire();
    this.#nodes.delete(node);
  }

  /** A node has restarted: what was sent to its last incarnation does not concern it. */
  renewed(node: string): void {
    this.#nodes.get(node)?.renew();
  }

  acknowledged(node: string, { sender, stream, count, received }: CommandAck): void {
    if (sender !== undefined && sender !== this.#identity.name) return;
    this.#nodes.get(node)?.acknowledged(stream, count, received);
  }

  /** Nodes may have a new name at each start, and programs send to ids of nodes long gone. */
  #forgetGone(): void {
    for (const [node, { commands }] of this.#nodes) {
      if (commands === 0 && !this.#lives(node)) this.retire(node);
    }
  }
}
