import { assert, limits } from "../base/mod.ts";
import { newConnectionId, type Registry } from "../connection/mod.ts";
import type { Group, Groups } from "../groups/mod.ts";
import type { Cancel, Clock, Grant, Random } from "../ports/mod.ts";
import type { EventRouter } from "../routing/mod.ts";

/** What a handshake asks of the app that its path leads to. */
export interface HandshakeApp {
  readonly name: string;
  readonly router: EventRouter;
  readonly groups: Groups;
}

/** A place for a connection whose handshake is under way: its slot, its id, what it will get. */
export class Reservation {
  readonly app: HandshakeApp;
  readonly slot: number;
  readonly id: string;
  grant: Grant = {};
  /** Groups that are kept subscribed until the connection is a member. */
  readonly groups: Group[] = [];
  /** Used or given back. */
  ended = false;
  cancel: Cancel = () => {};

  constructor(app: HandshakeApp, slot: number, id: string) {
    this.app = app;
    this.slot = slot;
    this.id = id;
  }
}

export interface ReservationsParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly node: string;
}

/** The places that are reserved. Each is used once, or given back once. */
export class Reservations {
  readonly #parts: ReservationsParts;

  constructor(parts: ReservationsParts) {
    this.#parts = parts;
  }

  /** The handshake admits far fewer connections than there are slots. */
  reserve(app: HandshakeApp): Reservation {
    const { registry, node, random } = this.#parts;
    const slot = registry.reserve();
    assert(slot >= 0, "there are more slots than connections are admitted");
    return new Reservation(app, slot, newConnectionId(node, slot, random));
  }

  /**
   * The client is answered now, and `open` is to follow at once. A runtime that neither opens nor
   * abandons must not keep the place.
   */
  expectOpen(reservation: Reservation): void {
    reservation.cancel = this.#parts.clock.after(limits.reservationMs, () =>
      this.giveBack(reservation),
    );
  }

  /** The connection is there. False where its place was given back. */
  use(reservation: Reservation): boolean {
    if (reservation.ended) return false;
    reservation.ended = true;
    reservation.cancel();
    return true;
  }

  /** No connection will come. */
  giveBack(reservation: Reservation): void {
    if (!this.use(reservation)) return;
    this.releaseGroups(reservation);
    this.#parts.registry.release(reservation.slot);
  }

  /** What was held for it is held no more. */
  releaseGroups({ app, groups }: Reservation): void {
    for (const group of groups.splice(0)) app.groups.release(group);
  }
}
