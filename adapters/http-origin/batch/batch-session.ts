import {
  type CloseReason,
  closeReasons,
  nodeOf,
  randomFraction,
  ServiceError,
} from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { OriginEndpoint } from "../../origin/endpoint/mod.ts";
import { ForeignIds } from "../../origin/receive/mod.ts";
import type { BusPorts } from "../../topics/mod.ts";
import { batchLimits } from "./batch-limits.ts";
import type { BatchOptions } from "./batch-options.ts";
import { CommandRouter } from "./command-router.ts";
import { BatchDelivery } from "./delivery.ts";
import { NodeEvents } from "./node-events.ts";

/** The HTTP origin, as a session uses it. */
export interface SessionServer {
  post(body: Uint8Array, id: string): Promise<HttpAnswer>;
  /** Whether it was given up over this node's events lately. */
  suspicious(node: string): boolean;
  /** Whether it answers a batch without items. */
  reachable(): Promise<boolean>;
}

/** What a session reports. */
export interface SessionListener {
  /** A request failed and is sent again. */
  retried(error: ServiceError): void;
  /** The HTTP origin takes no events of this node: the session is to be ended. */
  unreachable(node: string): void;
  /** A node that was taken for dead goes on: another session is to begin. */
  obsolete(): void;
}

export interface SessionPorts extends BusPorts {
  readonly server: SessionServer;
  /** Counts and logs what went wrong. */
  readonly failed: (event: string, error: ServiceError) => void;
}

/** A node's events, and what POSTs them. */
interface NodeFlow {
  readonly events: NodeEvents;
  readonly delivery: BatchDelivery;
}

/**
 * One stay of an HTTP origin on the bus, under one incarnation: from its first presence until it
 * leaves or is given up. It is an origin as any other: in assigned mode, with events in JSON.
 */
export class BatchSession {
  readonly #endpoint: OriginEndpoint;
  readonly #options: BatchOptions;
  readonly #listener: SessionListener;
  readonly #ports: SessionPorts;
  readonly #router: CommandRouter;
  readonly #foreign: ForeignIds;
  readonly #flows: Map<string, NodeFlow> = new Map();
  #ended = false;

  constructor(options: BatchOptions, ports: SessionPorts, listener: SessionListener) {
    const { app, name, root, window } = options;
    this.#options = options;
    this.#ports = ports;
    this.#listener = listener;
    this.#foreign = new ForeignIds(ports.clock, (error) => ports.failed("event-foreign", error));
    const commandFailed = (error: Error): void => this.#commandFailed(error);
    const assigned = { window, weight: 1, format: "json" } as const;
    this.#endpoint = new OriginEndpoint(
      { app, name, root, takesOpenEvents: false, assigned, json: false },
      ports,
      {
        events: ({ node, payload }) => this.#receive(node, payload),
        reachable: () => this.#acknowledgeReceived(),
        nodeLost: (node, alive) => this.#nodeLost(node, alive),
        refused: (error) => ports.failed("event-refused", error),
        failed: commandFailed,
      },
    );
    const { groups, nodes, senders } = this.#endpoint;
    this.#router = new CommandRouter({
      nodes: senders,
      groups,
      isKnown: (node) => nodes.lives(node) || this.#flows.get(node)?.events.isLost === false,
      failed: commandFailed,
    });
  }

  /** Connections that the HTTP origin was told of. */
  get connections(): number {
    let connections = 0;
    for (const { events } of this.#flows.values()) connections += events.connections;
    return connections;
  }

  /** Bytes of events that the HTTP origin has not confirmed. */
  get unconfirmedBytes(): number {
    let bytes = 0;
    for (const { events } of this.#flows.values()) bytes += events.bytes;
    return bytes;
  }

  /** Whether the bus can be reached. */
  get connected(): boolean {
    return this.#endpoint.link.up;
  }

  /** Resolves when the origin is announced. Rejects if the broker refuses it for good. */
  start(): Promise<void> {
    return this.#endpoint.start();
  }

  /** Leaves: nothing new comes, what came is delivered, and other origins take the rest. */
  async leave(): Promise<void> {
    this.#endpoint.link.divert?.();
    if (!this.#ended) await this.#endpoint.leave([...this.#flows.keys()]);
    await this.end();
  }

  /** Is gone at once: nothing more is delivered, and other origins get what was not confirmed. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const { delivery } of this.#flows.values()) delivery.stop();
    await this.#endpoint.abandon();
    this.#endpoint.direct.end();
    this.#endpoint.grouped.end();
  }

  #acknowledgeReceived(): void {
    for (const { events } of this.#flows.values()) events.acknowledgeReceived();
  }

  #receive(node: string, payload: Uint8Array): void {
    if (this.#ended) return;
    const flow = this.#flowOf(node);
    flow?.events.receive(payload);
    flow?.delivery.pump();
  }

  #flowOf(node: string): NodeFlow | undefined {
    const known = this.#flows.get(node);
    if (known !== undefined) return known;
    if (this.#flows.size >= batchLimits.nodesMax) {
      const error = new ServiceError("streams-full", "too many nodes send events");
      this.#ports.failed("event-refused", error);
      return undefined;
    }
    const flow = this.#newFlow(node);
    this.#flows.set(node, flow);
    return flow;
  }

  #newFlow(node: string): NodeFlow {
    const { server, failed, clock, random } = this.#ports;
    const { identity, senders } = this.#endpoint;
    const { app, name, topics } = identity;
    const events = new NodeEvents(node, {
      ackDue: (ack) => this.#endpoint.acknowledge(node, ack),
      acknowledged: (ack) => senders.acknowledged(node, ack),
      released: () => this.#endpoint.released(node),
      revived: () => this.#listener.obsolete(),
      foreign: () => this.#foreign.drop(topics.originEvents(app, name, node)),
      failed: (error) => failed("event-refused", error),
    });
    const { itemsMax, retryMs, replies } = this.#options;
    const suspicious = (): boolean => server.suspicious(node);
    const delivery = new BatchDelivery(
      events,
      { node, clock, itemsMax, retryMs, replies, suspicious },
      {
        post: (body, id) => server.post(body, id),
        random: () => randomFraction(random),
        carryOut: (content) => {
          this.#router.send(content.commands, node);
          this.#router.flush();
        },
        room: () => this.#room(),
        retried: (error) => this.#listener.retried(error),
        reachable: () => server.reachable(),
        refused: (item) => this.#closeOf(item, closeReasons.originRefused),
        gaveUp: (item) => this.#gaveUp(item, events),
        unreachable: () => this.#listener.unreachable(node),
        failed: (error) => failed("origin-answer", error),
      },
    );
    return { events, delivery };
  }

  /** While nodes do not take commands, no further answer is asked for. */
  #room(): Promise<void> | undefined {
    const { queuedBytes } = this.#endpoint;
    return queuedBytes < batchLimits.commandBytesMax ? undefined : this.#endpoint.flushed();
  }

  /** The event has failed by itself for the whole time, and the HTTP origin can be reached. */
  #gaveUp(item: readonly unknown[], events: NodeEvents): void {
    const message = "the HTTP origin did not take an event; its connection is closed";
    this.#ports.failed("origin-failed", new ServiceError("origin-failed", message));
    const [verb, id] = item;
    if (typeof id === "string" && verb !== "close") events.leaveOut(id);
    this.#closeOf(item, closeReasons.originFailed);
  }

  /** The HTTP origin does not take this event: its connection is closed with the reason. */
  #closeOf([verb, id]: readonly unknown[], reason: CloseReason): void {
    if (typeof id !== "string") return;
    const sender = this.#endpoint.senders.node(nodeOf(id));
    if (verb === "connect") sender.command(["reject", id, 503]);
    if (verb !== "message" && verb !== "open" && verb !== "assigned") return;
    const { closeCode, text, cause } = reason;
    sender.command(["close", id, closeCode, text, { cause }]);
  }

  #commandFailed(error: Error): void {
    if (!(error instanceof ServiceError)) throw error;
    this.#ports.failed("origin-command", error);
  }

  #nodeLost(node: string, alive: string | undefined): void {
    const flow = this.#flows.get(node);
    flow?.events.nodeLost(alive);
    flow?.delivery.pump();
  }
}
