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
import type { ConnectionCommands, Publisher, Subject } from "../send/mod.ts";

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

/** What an audience asks of its origin. */
export interface BroadcastTargetOwner {
  readonly publisher: Publisher;
  readonly commands: ConnectionCommands;
  readonly connection: (id: string) => Connection;
  readonly failed: (error: Error) => void;
}

/** Asks the nodes who is connected. */
export async function listConnections<State, User extends string>(
  { publisher, connection }: BroadcastTargetOwner,
  subject: Subject,
  options: WaitOptions = {},
): Promise<ConnectionList<State, User>> {
  const { connections, ...rest } = await publisher.query(subject, options, false);
  const entries = connections.map((entry) => ({ ...entry, connection: connection(entry.id) }));
  return { connections: entries, ...rest } as unknown as ConnectionList<State, User>;
}

/** Asks the nodes how many are connected. */
export async function countConnections(
  { publisher }: BroadcastTargetOwner,
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
  protected readonly owner: BroadcastTargetOwner;

  constructor(name: string, owner: BroadcastTargetOwner) {
    this.name = name;
    this.owner = owner;
  }

  /**
   * Sends one message to each. It waits for the joins and leaves that this origin has under way
   * for the group. Throws `send-queue-full` where too much waits for the broker.
   */
  publish(data: MessageData, options?: PublishOptions): void {
    this.owner.publisher.publish(this.name, data, options);
  }

  /** The same, and how many each outcome had. */
  publishWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.owner.publisher.publishWithReply(this.name, data, options);
  }

  /** Who is there. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return listConnections(this.owner, { group: this.name }, options);
  }

  /** How many are there. */
  count(options?: WaitOptions): Promise<ConnectionCount> {
    return countConnections(this.owner, { group: this.name }, options);
  }
}

/** A group, which connections join and leave. */
export class Group<State = unknown, User extends string = string> extends BroadcastTarget<
  State,
  User
> {
  /** Lets connections join; resolves to what became of it, by id. */
  join(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, JoinOutcome>> {
    return this.owner.commands.change(targets, { verb: "join", value: this.name }, options);
  }

  leave(targets: Targets, options?: WaitOptions): Promise<ReadonlyMap<string, LeaveOutcome>> {
    return this.owner.commands.change(targets, { verb: "leave", value: this.name }, options);
  }
}

/** All connections of one user. */
export class OriginUser<State = unknown, User extends string = string> {
  readonly name: User;
  readonly #audience: BroadcastTarget<State, User>;
  readonly #owner: BroadcastTargetOwner;

  constructor(name: User, owner: BroadcastTargetOwner) {
    this.name = name;
    this.#audience = new BroadcastTarget(groupOfUser(name), owner);
    this.#owner = owner;
  }

  /** Sends one message to each. Throws `send-queue-full` where too much waits for the broker. */
  send(data: MessageData, options?: SendOptions): void {
    this.#audience.publish(data, options);
  }

  /** The same, and how many each outcome had. */
  sendWithReply(data: MessageData, options?: PublishReplyOptions): Promise<PublishOutcome> {
    return this.#audience.publishWithReply(data, options);
  }

  /**
   * Asks who is there, and closes those: one that connects meanwhile stays. Resolves to how many
   * they were. What goes wrong is told as `error` too, so that nobody has to wait for it.
   */
  close(closeCode = 1000, closeReason = ""): Promise<ConnectionCount> {
    const closed = this.#close(closeCode, closeReason);
    closed.catch((error) => this.#owner.failed(error));
    return closed;
  }

  /** Who is there. */
  connections(options?: WaitOptions): Promise<ConnectionList<State, User>> {
    return this.#audience.connections(options);
  }

  /** How many are there. */
  count(options?: WaitOptions): Promise<ConnectionCount> {
    return this.#audience.count(options);
  }

  async #close(closeCode: number, closeReason: string): Promise<ConnectionCount> {
    checkClose(closeCode, closeReason);
    const { connections, missing } = await this.connections();
    if (connections.length > 0) this.#owner.commands.close(connections, closeCode, closeReason);
    return { count: connections.length, missing };
  }
}
