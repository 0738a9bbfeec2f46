import { assert, limits } from "../base/mod.ts";
import { newConnectionId, type Registry } from "../connection/mod.ts";
import type { Groups, LocalGroup } from "../groups/mod.ts";
import type { Cancel, Clock, ConnectionGrant, Random } from "../ports/mod.ts";
import type { EventRouter } from "../routing/mod.ts";

/** What a handshake asks of the app that its path leads to. */
export interface HandshakeApp {
  readonly name: string;
  readonly router: EventRouter;
  readonly groups: Groups;
}

const noGrant: ConnectionGrant = {};
const nothing: Cancel = () => {};

/** Reserves slot and id for a connection whose handshake is under way. */
export class Reservation {
  readonly app: HandshakeApp;
  readonly slot: number;
  readonly id: string;
  grant: ConnectionGrant = noGrant;
  /** When an origin was asked about it: both `connect` and `open` say this time. */
  askedAt: number | undefined;
  /** Groups whose topics stay subscribed until the connection is a member. */
  readonly groups: LocalGroup[] = [];
  /** Used or given back. */
  ended = false;
  cancel: Cancel = nothing;

  constructor(app: HandshakeApp, slot: number, id: string) {
    this.app = app;
    this.slot = slot;
    this.id = id;
  }
}

/** Makes reservations. Each is used once, or given back once. */
export class Reservations {
  readonly #node: string;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(node: string, registry: Registry, clock: Clock, random: Random) {
    this.#node = node;
    this.#registry = registry;
    this.#clock = clock;
    this.#random = random;
  }

  reserve(app: HandshakeApp): Reservation {
    const slot = this.#registry.reserve();
    assert(slot >= 0, "the handshake gate admits fewer connections than there are slots");
    return new Reservation(app, slot, newConnectionId(this.#node, slot, this.#random));
  }

  /**
   * The client gets its 101 now, and `open` should follow at once. If the runtime neither opens
   * nor abandons the connection, the reservation ends after `limits.reservationMs`.
   */
  expectOpen(reservation: Reservation): void {
    reservation.cancel = this.#clock.after(limits.reservationMs, () => this.giveBack(reservation));
  }

  /** The reservation of a connection that opens: a new one if the given one has ended. */
  take(app: HandshakeApp, given: unknown): Reservation {
    if (given instanceof Reservation && this.use(given)) return given;
    const reservation = this.reserve(app);
    this.use(reservation);
    return reservation;
  }

  /** Ends the reservation, because its connection opens. False if it had ended before. */
  use(reservation: Reservation): boolean {
    if (reservation.ended) return false;
    reservation.ended = true;
    reservation.cancel();
    return true;
  }

  /** Ends the reservation and frees its slot: no connection will open. */
  giveBack(reservation: Reservation): void {
    if (!this.use(reservation)) return;
    this.releaseGroups(reservation);
    this.#registry.release(reservation.slot);
  }

  /** Subscribes to the groups of the future connection. False unless all are granted in time. */
  async reserveGroups(reservation: Reservation, names: readonly string[]): Promise<boolean> {
    const granted = await Promise.all(names.map((name) => this.#reserveGroup(reservation, name)));
    return granted.every((ready) => ready);
  }

  #reserveGroup({ app, groups }: Reservation, name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(limits.groupWaitMs, () => resolve(false));
      const group = app.groups.reserve(name, (error) => {
        cancel();
        resolve(error === undefined);
      });
      if (group !== undefined) groups.push(group);
      else resolve(false);
    });
  }

  /** Drops the subscriptions: the connection is a member by now, or will not come. */
  releaseGroups({ app, groups }: Reservation): void {
    for (const group of groups.splice(0)) app.groups.release(group);
  }
}
