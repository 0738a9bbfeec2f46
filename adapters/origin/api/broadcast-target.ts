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

/** One connection, as its node told of it. */
export interface ConnectedEntry<State = unknown, User extends string = string> {
  readonly id: string;
  readonly node: string;
  /** When it opened, in milliseconds since the epoch. */
  readonly at: number;
  readonly user: User | undefined;
  /** Bytes that wait at the gateway because the client does not read them. */
  readonly bufferedAmount: number;
  readonly connection: Connection<State, User>;
}

/** Who is connected. */
export interface ConnectionList<State = unknown, User extends string = string> {
  readonly connections: readonly ConnectedEntry<State, User>[];
  /** How many there are; more than are listed where a node has more than 10,000. */
  readonly count: number;
  /** Nodes that did not answer in time, and those of ids that do not live. */
  readonly missing: readonly string[];
  /** Of the ids that were asked for, those that nobody has. */
  readonly gone: readonly string[];
}

export interface ConnectionCount {
  readonly count: number;
  /** Nodes that did not answer in time: what they have is not counted. */
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

/** Connections at all nodes that are spoken to together. */
export class BroadcastTarget<State = unknown, User extends string = string> {
  /** Of the group at the gateway. */
  readonly name: string;
  protected readonly origin: Composition;

  constructor(name: string, origin: Composition) {
    this.name = name;
    this.origin = origin;
  }

  /**
   * Sends one message to each. It waits for the joins and leaves that this origin has under way
   * for the group. Throws `send-queue-full` where too much waits for the broker.
   */
  publish(data: MessageData, options?: PublishOptions): void {
    this.origin.publisher.publish(this.name, data, options);
  }

  /** The same, and how many each outcome had. */
  publishWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.origin.publisher.publishWithReply(this.name, data, options);
  }

  /** Who is there. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return listConnections(this.origin, { group: this.name }, options);
  }

  /** How many are there. */
  count(options?: WaitOptions): Promise<ConnectionCount> {
    return countConnections(this.origin, { group: this.name }, options);
  }
}

/** A group, which connections join and leave. */
export class Group<State = unknown, User extends string = string> extends BroadcastTarget<
  State,
  User
> {
  /** Lets connections join; resolves to what became of it, by id. */
  join(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, JoinOutcome>> {
    return this.origin.commands.change(targets, { verb: "join", value: this.name }, options);
  }

  leave(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, LeaveOutcome>> {
    return this.origin.commands.change(targets, { verb: "leave", value: this.name }, options);
  }
}

/** All connections of one user. */
export class OriginUser<State = unknown, User extends string = string> {
  readonly name: User;
  readonly #target: BroadcastTarget<State, User>;
  readonly #origin: Composition;

  constructor(name: User, origin: Composition) {
    this.name = name;
    this.#target = new BroadcastTarget(groupOfUser(name), origin);
    this.#origin = origin;
  }

  /** Sends one message to each. Throws `send-queue-full` where too much waits for the broker. */
  send(data: MessageData, options?: SendOptions): void {
    this.#target.publish(data, options);
  }

  /** The same, and how many each outcome had. */
  sendWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.#target.publishWithReply(data, options);
  }

  /**
   * Asks who is there, and closes those: one that connects meanwhile stays. Resolves to how many
   * they were. What goes wrong is told as `error` too, so that nobody has to wait for it.
   */
  close(closeCode = 1000, closeReason = ""): Promise<ConnectionCount> {
    const closed = this.#close(closeCode, closeReason);
    closed.catch((error) => this.#origin.failed(error));
    return closed;
  }

  /** Who is there. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return this.#target.connections(options);
  }

  /** How many are there. */
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
