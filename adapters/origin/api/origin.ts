// Whoever compiles against the declarations need not name this in `lib`.
/// <reference lib="esnext.disposable" preserve="true" />
import { everyone, ServiceError } from "../../../core/base/mod.ts";
import {
  type CloseOptions,
  type Connection,
  checkedGroup,
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
import type { Composition } from "./composition.ts";

/** Which connections are asked for: those of a group, of a user, or of ids; all by default. */
export type QueryOptions<User extends string = string> = WaitOptions &
  (
    | { readonly group?: string; readonly user?: undefined; readonly ids?: undefined }
    | { readonly group?: undefined; readonly user: User; readonly ids?: undefined }
    | { readonly group?: undefined; readonly user?: undefined; readonly ids: Targets }
  );

function subjectOf({ group, user, ids }: QueryOptions): Subject {
  if ([group, user, ids].filter((one) => one !== undefined).length > 1) {
    throw new ServiceError("command-malformed", "a query takes one of group, user and ids");
  }
  if (ids !== undefined) return { ids: idsOf(ids) };
  if (user !== undefined) return { group: groupOfUser(user) };
  return { group: group === undefined ? everyone : checkedGroup(group) };
}

/**
 * An application server's end of the gateway: events come in, commands go out. `connectOrigin`
 * makes one. `State` is the type of what `authorize` and `setState` give to a connection, `User`
 * that of users' names. Methods that send throw, or reject, with `command-malformed` (an
 * argument), `id-malformed`, `group-name`, `send-queue-full`, `batch-too-big` or `broker-lost`
 * (the origin is closed).
 */
export class Origin<State = unknown, User extends string = string> {
  /** Its name at the broker. */
  readonly name: string;
  readonly #composition: Composition;
  #closed: Promise<void> | undefined;

  constructor(composition: Composition) {
    this.#composition = composition;
    this.name = composition.identity.name;
  }

  /** Whether the broker can be reached now. Until it can, up to 64 MiB of commands wait. */
  get connected(): boolean {
    return this.#composition.link.up;
  }

  /** How many open connections this origin knows. */
  get knownConnections(): number {
    return this.#composition.receiver.connections;
  }

  /** How many events were lost, by the numbers of those that came. */
  get missedEvents(): number {
    return this.#composition.receiver.missedEvents;
  }

  /** How many events were dropped because their id is of another node: `id-foreign`. */
  get foreignEvents(): number {
    return this.#composition.receiver.foreignEvents;
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#composition.queuedBytes;
  }

  /** Called by `connectOrigin`. */
  start(): Promise<void> {
    return this.#composition.start();
  }

  /**
   * Adds a handler; returns a function that removes it. The events of one connection come one
   * after another. In assigned mode they are acknowledged when handlers have finished.
   */
  on<Name extends keyof OriginEvents>(
    name: Name,
    handler: OriginHandler<OriginEvents<State, User>[Name]>,
  ): () => void {
    return this.#composition.dispatcher.on(name, handler as never);
  }

  /**
   * All events but `error`, for one `for await`: from its first step to the origin's end. An event
   * counts as handled when the next one is asked for.
   */
  events(): AsyncIterableIterator<OriginEvent<State, User>> {
    return this.#composition.dispatcher.events() as AsyncIterableIterator<
      OriginEvent<State, User>
    >;
  }

  /**
   * Sets the handler that decides over handshakes if the gateway asks (`--authorize origin`);
   * returns a function that removes it. Throws `setting-invalid` if there is one already.
   */
  authorize(handler: AuthorizeHandler<State, User>): () => void {
    return this.#composition.authorizations.handle(handler as AuthorizeHandler);
  }

  /** The handle of a connection by its id; throws `id-malformed`. */
  connection(id: string): Connection<State, User> {
    return this.#composition.receiver.connection(id) as Connection<State, User>;
  }

  /** A group by its name of 1 to 256 bytes of UTF-8; throws `group-name` otherwise. */
  group(name: string): Group<State, User> {
    return new Group(checkedGroup(name), this.#composition);
  }

  /** All connections of a user; throws `group-name` if no user can have that name. */
  user(name: User): OriginUser<State, User> {
    return new OriginUser(name, this.#composition);
  }

  /** All connections of the app. */
  everyone(): BroadcastTarget<State, User> {
    return new BroadcastTarget(everyone, this.#composition);
  }

  /** Asks all nodes for connections. */
  async connections(options: QueryOptions<User> = {}): Promise<ConnectionList<State, User>> {
    return listConnections(this.#composition, subjectOf(options), options);
  }

  /** Asks all nodes for the number of connections. */
  async count(options: QueryOptions<User> = {}): Promise<ConnectionCount> {
    return countConnections(this.#composition, subjectOf(options), options);
  }

  /** Sends one message to each of the targets. */
  send(targets: Targets, data: MessageData, options?: SendOptions): void {
    this.#composition.commands.send(targets, data, options);
  }

  /** Sends one message to each of the targets; resolves to the outcomes by id. */
  sendWithReply(
    targets: Targets,
    data: MessageData,
    options?: ReplyOptions,
  ): Promise<ReadonlyMap<string, SendOutcome>> {
    return this.#composition.commands.sendWithReply(targets, data, options);
  }

  /** Closes connections, with 1000 by default. A reason has 123 bytes of UTF-8 at most. */
  closeConnections(
    targets: Targets,
    closeCode?: number,
    closeReason?: string,
    options?: CloseOptions,
  ): void {
    this.#composition.commands.close(targets, closeCode, closeReason, options);
  }

  /** Resolves when the broker has every command that was given so far. */
  flushed(): Promise<void> {
    return this.#composition.flushed();
  }

  /**
   * Closes the origin: nodes give its connections to other origins (within 10 s), what was sent
   * goes out (within 5 s), the connection to the broker and all iterators end.
   */
  close(): Promise<void> {
    this.#closed ??= this.#composition.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
