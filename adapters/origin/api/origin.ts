// Whoever compiles against the declarations need not name this in `lib`.
/// <reference lib="esnext.disposable" preserve="true" />
import { ServiceError } from "../../../core/base/mod.ts";
import type { MqttLinkPorts } from "../../mqtt/link/mod.ts";
import {
  type Connection,
  checkedGroup,
  everyoneGroup,
  groupOfUser,
  idsOf,
  type MessageData,
  type OriginEvent,
  type OriginEvents,
  type OriginHandler,
  type ReplyOptions,
  type SendOptions,
  type SendOutcome,
  type Targets,
  type WaitOptions,
} from "../base/mod.ts";
import type { AuthorizeHandler } from "../dispatch/mod.ts";
import type { Subject } from "../send/mod.ts";
import {
  BroadcastTarget,
  type ConnectionCount,
  type ConnectionList,
  countConnections,
  Group,
  listConnections,
  OriginUser,
} from "./broadcast-target.ts";
import { Composition } from "./composition.ts";
import type { OriginOptions } from "./origin-options.ts";

/** Whose connections are asked for: those of a group, of a user, or some; all by default. */
export type QueryOptions<User extends string = string> = WaitOptions &
  (
    | { readonly group?: string; readonly user?: undefined; readonly ids?: undefined }
    | { readonly group?: undefined; readonly user: User; readonly ids?: undefined }
    | { readonly group?: undefined; readonly user?: undefined; readonly ids: Targets }
  );

function subjectOf({ group, user, ids }: QueryOptions): Subject {
  if ([group, user, ids].filter((one) => one !== undefined).length > 1) {
    throw new ServiceError("command-malformed", "one of group, user and ids can be asked for");
  }
  if (ids !== undefined) return { ids: idsOf(ids) };
  if (user !== undefined) return { group: groupOfUser(user) };
  return { group: group === undefined ? everyoneGroup : checkedGroup(group) };
}

/**
 * An application server's end of the gateway: events in, commands out, by `connectOrigin`.
 * `State` is what `authorize` and `setState` give to a connection, `User` the names of users.
 */
export class Origin<State = unknown, User extends string = string> {
  readonly name: string;
  readonly #parts: Composition;
  #closed: Promise<void> | undefined;

  constructor(options: OriginOptions, ports: MqttLinkPorts) {
    this.#parts = new Composition(options, ports);
    this.name = this.#parts.identity.name;
  }

  /** Whether the broker can be reached now. While it cannot, what is sent waits, bounded. */
  get connected(): boolean {
    return this.#parts.link.up;
  }

  /** How many connections this origin knows. */
  get knownConnections(): number {
    return this.#parts.receiver.connections;
  }

  /** Events that never came. */
  get missedEvents(): number {
    return this.#parts.receiver.missedEvents;
  }

  /** Events that were dropped: they name a connection of another node than their topic does. */
  get foreignEvents(): number {
    return this.#parts.receiver.foreignEvents;
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#parts.queuedBytes;
  }

  start(): Promise<void> {
    return this.#parts.start();
  }

  /** Adds a handler; returns what removes it. Of one connection, events come one by one. */
  on<Name extends keyof OriginEvents>(
    name: Name,
    handler: OriginHandler<OriginEvents<State, User>[Name]>,
  ): () => void {
    return this.#parts.dispatcher.on(name, handler as never);
  }

  /**
   * All events but `error`, for one `for await`: from where that begins, to the origin's end. An
   * event is handled when the next one is asked for.
   */
  events(): AsyncIterableIterator<OriginEvent<State, User>> {
    return this.#parts.dispatcher.events() as AsyncIterableIterator<OriginEvent<State, User>>;
  }

  /**
   * Decides who may connect, where the gateway asks (`--authorize origin`). There is one such
   * handler; returns what removes it.
   */
  authorize(handler: AuthorizeHandler<State, User>): () => void {
    return this.#parts.authorizations.handle(handler as AuthorizeHandler);
  }

  /** The handle of a connection by its id. */
  connection(id: string): Connection<State, User> {
    return this.#parts.receiver.connection(id) as Connection<State, User>;
  }

  /** A group by its name, of 1 to 256 bytes of UTF-8; throws `group-name` otherwise. */
  group(name: string): Group<State, User> {
    return new Group(checkedGroup(name), this.#parts);
  }

  /** All connections of a user. */
  user(name: User): OriginUser<State, User> {
    return new OriginUser(name, this.#parts);
  }

  /** All connections of the app. */
  everyone(): BroadcastTarget<State, User> {
    return new BroadcastTarget(everyoneGroup, this.#parts);
  }

  /** Asks the nodes who is connected. */
  async connections(options: QueryOptions<User> = {}): Promise<ConnectionList<State, User>> {
    return listConnections(this.#parts, subjectOf(options), options);
  }

  /** Asks the nodes how many are connected. */
  async count(options: QueryOptions<User> = {}): Promise<ConnectionCount> {
    return countConnections(this.#parts, subjectOf(options), options);
  }

  /** Sends one message to each. Throws `send-queue-full` where too much waits for the broker. */
  send(targets: Targets, data: MessageData, options?: SendOptions): void {
    this.#parts.commands.send(targets, data, options);
  }

  /** Sends one message to each, and tells what became of it, by id. */
  sendWithReply(
    targets: Targets,
    data: MessageData,
    options?: ReplyOptions,
  ): Promise<ReadonlyMap<string, SendOutcome>> {
    return this.#parts.commands.sendWithReply(targets, data, options);
  }

  /** Closes connections, with 1000 by default. */
  closeConnections(targets: Targets, closeCode?: number, closeReason?: string): void {
    this.#parts.commands.close(targets, closeCode, closeReason);
  }

  /** Resolves when the broker has everything that was given so far. */
  flushed(): Promise<void> {
    return this.#parts.flushed();
  }

  /**
   * Leaves: hands its connections over, handles what it was given and waits for what is on its way
   * (all bounded), disconnects, ends iterators.
   */
  close(): Promise<void> {
    this.#closed ??= this.#parts.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
