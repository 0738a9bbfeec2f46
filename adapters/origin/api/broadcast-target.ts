import {
  type Connection,
  checkClose,
  groupOfUser,
  type JoinOutcome,
  type LeaveOutcome,
  type MessageData,
  type PublishOptions,
  type PublishOutcome,
  type PublishReplyOptions,
  type SendOptions,
  type Targets,
  type WaitOptions,
} from "../base/mod.ts";
import type { Subject } from "../send/mod.ts";
import type { Composition } from "./composition.ts";

/** One connection in the answer to a query. */
export interface ConnectedEntry<State = unknown, User extends string = string> {
  readonly id: string;
  /** The name of the node that holds it. */
  readonly node: string;
  /** When it opened, in milliseconds since the epoch. */
  readonly at: number;
  readonly user: User | undefined;
  /** Bytes that wait at the gateway until the client reads them. */
  readonly bufferedAmount: number;
  readonly connection: Connection<State, User>;
}

/** The connections that a query asked for. */
export interface ConnectionList<State = unknown, User extends string = string> {
  readonly connections: readonly ConnectedEntry<State, User>[];
  /** How many there are. A node lists 10,000 at most, and counts all. */
  readonly count: number;
  /** Nodes that did not answer in time, and nodes of the ids that are not alive. */
  readonly missing: readonly string[];
  /** Ids that were asked for and that no node has. */
  readonly gone: readonly string[];
}

/** How many connections a query found. */
export interface ConnectionCount {
  readonly count: number;
  /** Nodes that did not answer in time; their connections are not counted. */
  readonly missing: readonly string[];
}

/** Asks the nodes who is connected. */
export async function listConnections<State, User extends string>(
  origin: Composition,
  subject: Subject,
  options: WaitOptions = {},
): Promise<ConnectionList<State, User>> {
  const { connections, ...rest } = await origin.publisher.query(subject, options, false);
  const entries = connections.map((entry) => ({
    ...entry,
    connection: origin.connection(entry.id),
  }));
  return { connections: entries, ...rest } as unknown as ConnectionList<State, User>;
}

/** Asks the nodes how many are connected. */
export async function countConnections(
  { publisher }: Composition,
  subject: Subject,
  options: WaitOptions = {},
): Promise<ConnectionCount> {
  const { count, missing } = await publisher.query(subject, options, true);
  return { count, missing };
}

/**
 * A set of connections at all nodes, to which messages are published together. Its methods fail
 * with `command-malformed` (an argument), `id-malformed`, `send-queue-full` (32 MiB wait for the
 * broker), `batch-too-big` or `broker-lost` (the origin is closed).
 */
export class BroadcastTarget<State = unknown, User extends string = string> {
  /** The group's name at the gateway. */
  readonly name: string;
  protected readonly origin: Composition;

  constructor(name: string, origin: Composition) {
    this.name = name;
    this.origin = origin;
  }

  /**
   * Sends one message to each member. It goes out behind the joins and leaves of this group that
   * this origin has begun before.
   */
  publish(data: MessageData, options?: PublishOptions): void {
    this.origin.publisher.publish(this.name, data, options);
  }

  /**
   * Sends one message to each member; resolves to the number of members for each outcome. Rejects
   * with `message-expired` if the message was older than its `ttlMs` before it went out.
   */
  publishWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.origin.publisher.publishWithReply(this.name, data, options);
  }

  /** Asks all nodes for the members. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return listConnections(this.origin, { group: this.name }, options);
  }

  /** Asks all nodes for the number of members. */
  count(options?: WaitOptions): Promise<ConnectionCount> {
    return countConnections(this.origin, { group: this.name }, options);
  }
}

/** A group that connections join and leave. */
export class Group<State = unknown, User extends string = string> extends BroadcastTarget<
  State,
  User
> {
  /**
   * Makes connections join. Resolves to the outcome by id: `joined`, `gone`, `unknown` or the code
   * of a refusal, which the event `error` tells too.
   */
  join(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, JoinOutcome>> {
    return this.origin.commands.change(targets, { verb: "join", value: this.name }, options);
  }

  /** Makes connections leave; otherwise like `join`. */
  leave(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, LeaveOutcome>> {
    return this.origin.commands.change(targets, { verb: "leave", value: this.name }, options);
  }
}

/** All connections of one user. Its methods fail as those of `BroadcastTarget` do. */
export class OriginUser<State = unknown, User extends string = string> {
  readonly name: User;
  readonly #target: BroadcastTarget<State, User>;
  readonly #origin: Composition;

  constructor(name: User, origin: Composition) {
    this.name = name;
    this.#target = new BroadcastTarget(groupOfUser(name), origin);
    this.#origin = origin;
  }

  /** Sends one message to each of the user's connections. */
  send(data: MessageData, options?: SendOptions): void {
    this.#target.publish(data, options);
  }

  /** As `send`; resolves to the number of connections for each outcome. */
  sendWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.#target.publishWithReply(data, options);
  }

  /**
   * Asks for the user's connections and closes them, with 1000 by default. One that opens
   * meanwhile stays. Resolves to how many they were. The event `error` tells a failure too, so
   * that nobody has to wait for the promise.
   */
  close(closeCode = 1000, closeReason = ""): Promise<ConnectionCount> {
    const closed = this.#close(closeCode, closeReason);
    closed.catch((error) => this.#origin.failed(error));
    return closed;
  }

  /** Asks all nodes for the user's connections. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return this.#target.connections(options);
  }

  /** Asks all nodes for the number of the user's connections. */
  count(options?: WaitOptions): Promise<ConnectionCount> {
    return this.#target.count(options);
  }

  async #close(closeCode: number, closeReason: string): Promise<ConnectionCount> {
    checkClose(closeCode, closeReason);
    const { connections, missing } = await this.connections();
    if (connections.length > 0) this.#origin.commands.close(connections, closeCode, closeReason);
    return { count: connections.length, missing };
  }
}
