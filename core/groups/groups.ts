import {
  type ErrorCode,
  everyone,
  isGroupName,
  isReserved,
  limits,
  type ServiceError,
} from "../base/mod.ts";
import type { Connection, Connections } from "../connection/mod.ts";
import type { CommandBus } from "../ports/mod.ts";
import { type GroupReady, LocalGroup } from "./local-group.ts";

/** Why no connection can join a group of that name, or undefined. */
export function groupFault(name: string): ErrorCode | undefined {
  return isGroupName(name) && !isReserved(name) ? undefined : "group-name";
}

export interface GroupsOptions {
  readonly app: string;
  readonly groupsPerConnectionMax: number;
}

/**
 * The groups of one app on this node. The first member makes the node subscribe to the group's
 * topic, and the end of the last one makes the node unsubscribe.
 */
export class Groups {
  readonly #bus: Pick<CommandBus, "joinGroup" | "leaveGroup">;
  readonly #connections: Connections;
  readonly #options: GroupsOptions;
  readonly #groups: Map<string, LocalGroup> = new Map();

  /** `connections`: all of the app. */
  constructor(
    bus: Pick<CommandBus, "joinGroup" | "leaveGroup">,
    connections: Connections,
    options: GroupsOptions,
  ) {
    this.#bus = bus;
    this.#connections = connections;
    this.#options = options;
  }

  get size(): number {
    return this.#groups.size;
  }

  get(name: string): LocalGroup | undefined {
    return this.#groups.get(name);
  }

  /** The members on this node. */
  members(name: string): Iterable<Connection> {
    if (name === everyone) return this.#connections.all();
    return this.#groups.get(name)?.members.keys() ?? [];
  }

  count(name: string): number {
    if (name === everyone) return this.#connections.size;
    return this.#groups.get(name)?.members.size ?? 0;
  }

  /** Payload bytes that a connection got by the runtime's own fan-out, as a member. */
  fannedOutBytes(connection: Connection): number {
    let bytes = 0;
    for (const name of connection.groups ?? []) {
      const group = this.#groups.get(name);
      if (group !== undefined) bytes += bytesSinceJoin(group, connection);
    }
    return bytes;
  }

  /** Keeps the subscription for a handshake whose connection will join. `ready` is called once. */
  reserve(name: string, ready: GroupReady): LocalGroup | undefined {
    const group = this.#open(name);
    if (group === undefined) return undefined;
    group.reservations++;
    this.#whenReady(group, ready);
    return group;
  }

  /** The connection joined, or will not join. */
  release(group: LocalGroup): void {
    group.reservations--;
    this.#closeIfEmpty(group);
  }

  /**
   * Makes a connection a member, or says why not. `ready` is called once, unless there is a
   * fault: maybe at once, and with an error if the broker refuses; then it is no member.
   */
  join(connection: Connection, name: string, ready: GroupReady): ErrorCode | undefined {
    const own = connection.groups;
    if (own?.has(name) !== true) {
      // The user's group is no choice of the application's, so it does not count.
      const counted = (own?.size ?? 0) - (connection.user === undefined ? 0 : 1);
      const userOwn = isReserved(name);
      if (!userOwn && counted >= this.#options.groupsPerConnectionMax) return "group-limit";
    }
    const group = this.#open(name);
    if (group === undefined) return "group-limit";
    // A bus that is stopped refuses at once.
    if (group.refused === undefined) this.#add(group, connection);
    this.#whenReady(group, ready);
    return undefined;
  }

  /** False if it was no member. */
  leave(connection: Connection, name: string): boolean {
    const group = this.#groups.get(name);
    if (group === undefined || !group.members.has(connection)) return false;
    this.#remove(group, connection);
    connection.groups?.delete(name);
    return true;
  }

  /** A connection is gone. It keeps their names: an event for a later origin may name them. */
  forget(connection: Connection): void {
    for (const name of connection.groups ?? []) {
      const group = this.#groups.get(name);
      if (group?.members.has(connection)) this.#remove(group, connection);
    }
  }

  #open(name: string): LocalGroup | undefined {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    if (this.#groups.size >= limits.groupsMax) return undefined;
    const { app } = this.#options;
    // A user has few connections: a loop over them costs less than a table in the runtime.
    const group = new LocalGroup(name, isReserved(name) ? undefined : `${app}/${name}`);
    this.#groups.set(name, group);
    this.#bus.joinGroup(app, name, (error) => this.#granted(group, error));
    return group;
  }

  #granted(group: LocalGroup, error: ServiceError | undefined): void {
    const waiting = group.waiting ?? [];
    group.waiting = undefined;
    group.refused = error;
    if (error !== undefined && this.#groups.get(group.name) === group) {
      this.#groups.delete(group.name);
      for (const connection of group.members.keys()) {
        connection.groups?.delete(group.name);
        this.#unsubscribe(group, connection);
        settleBytes(group, connection);
      }
      group.members.clear();
    }
    for (const ready of waiting) ready(error);
  }

  #whenReady(group: LocalGroup, ready: GroupReady): void {
    if (group.waiting === undefined) ready(group.refused);
    else group.waiting.push(ready);
  }

  #add(group: LocalGroup, connection: Connection): void {
    if (group.members.has(connection)) return;
    group.members.set(connection, group.fannedOutBytes);
    connection.groups ??= new Set();
    connection.groups.add(group.name);
    if (group.topic === undefined || connection.socket.subscribe === undefined) return;
    connection.socket.subscribe(group.topic);
    group.subscribed++;
    group.allowance.joined(connection.socket.bufferedAmount);
  }

  #remove(group: LocalGroup, connection: Connection): void {
    settleBytes(group, connection);
    group.members.delete(connection);
    this.#unsubscribe(group, connection);
    this.#closeIfEmpty(group);
  }

  #unsubscribe(group: LocalGroup, { socket }: Connection): void {
    if (group.topic === undefined || socket.unsubscribe === undefined) return;
    socket.unsubscribe(group.topic);
    group.subscribed--;
  }

  #closeIfEmpty(group: LocalGroup): void {
    if (group.members.size > 0 || group.reservations > 0) return;
    // A refused one is out of the table already, and a new one may have its name.
    if (this.#groups.get(group.name) !== group) return;
    this.#groups.delete(group.name);
    // A connection that left before the broker answered still counts as having joined.
    const waiting = group.waiting ?? [];
    group.waiting = undefined;
    this.#bus.leaveGroup(this.#options.app, group.name);
    for (const ready of waiting) ready();
  }
}

function bytesSinceJoin(group: LocalGroup, connection: Connection): number {
  const before = group.members.get(connection);
  return before === undefined ? 0 : group.fannedOutBytes - before;
}

/** Before a connection leaves: adds what it got by fan-out to the bytes that it counts itself. */
function settleBytes(group: LocalGroup, connection: Connection): void {
  connection.ownBytes += bytesSinceJoin(group, connection);
}
