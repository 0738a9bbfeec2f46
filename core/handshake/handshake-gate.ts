import { assert, type ErrorCode, limits, userGroup } from "../base/mod.ts";
import type { ConnectionGuard, Registry } from "../connection/mod.ts";
import type {
  Authorization,
  Authorizer,
  Clock,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  Logger,
} from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { refuse } from "../websocket/mod.ts";
import { type AddressHandshakeOptions, AddressHandshakes } from "./address-handshakes.ts";
import { type AdmissionOptions, admit, unavailable } from "./admission.ts";
import type { HandshakeApp, Reservation, Reservations } from "./reservations.ts";
import type { Routes } from "./routes.ts";
import type { WaitingHandshakes } from "./waiting-handshakes.ts";

/** Who says whether a client may connect. */
export type Authority = "none" | "origin" | "jwt";

export interface HandshakeGateOptions extends AdmissionOptions, Partial<AddressHandshakeOptions> {
  readonly authorize: Authority;
  readonly connectionsMax: number;
  readonly groupsPerConnectionMax: number;
}

export interface HandshakeGateParts {
  readonly apps: ReadonlyMap<string, HandshakeApp>;
  readonly routes: Routes;
  readonly registry: Registry;
  readonly reservations: Reservations;
  readonly handshakes: WaitingHandshakes;
  readonly guard: ConnectionGuard;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Needed where `authorize` is `jwt`. */
  readonly authorizer: Authorizer | undefined;
}

/** Decides over every request on the client port, alone or with an origin or a token. */
export class HandshakeGate {
  readonly #parts: HandshakeGateParts;
  readonly #options: HandshakeGateOptions;
  readonly #addresses: AddressHandshakes;
  #closed = false;

  constructor(parts: HandshakeGateParts, options: HandshakeGateOptions) {
    this.#parts = parts;
    this.#options = options;
    const { handshakesPerIpMax = 0, handshakesPerIpPerSecondMax = 0 } = options;
    this.#addresses = new AddressHandshakes(parts.clock, {
      handshakesPerIpMax,
      handshakesPerIpPerSecondMax,
    });
  }

  /** The node is being shut down: nobody comes in any more. */
  close(): void {
    this.#closed = true;
    this.#parts.handshakes.refuseAll();
  }

  answer(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    const answer = admit(request, this.#options, this.#parts.routes);
    if (!answer.accepted) return this.#refused(answer);
    const refusal = this.#full(answer);
    if (refusal !== undefined) return this.#refused(refusal);
    return this.#options.authorize === "none" ? answer : this.#wait(request, answer);
  }

  /** A handshake was refused, here or by the runtime, where it was no request yet. */
  noteRefused(code: ErrorCode): void {
    this.#parts.metrics.error(code);
    this.#parts.logger.log("debug", "handshake-refused", "a handshake was refused", { code });
  }

  #refused(refusal: HandshakeRefusal): HandshakeRefusal {
    if (refusal.statusCode >= 400 || refusal.errorCode !== undefined) {
      this.noteRefused(refusal.errorCode ?? "handshake-refused");
    }
    return refusal;
  }

  /** Why nobody can come in now, whoever it is. */
  #full({ app, info }: HandshakeAdmission): HandshakeRefusal | undefined {
    const { registry, guard } = this.#parts;
    if (this.#closed) return unavailable("draining", "this node is being shut down", 1);
    if (registry.occupied >= this.#options.connectionsMax) {
      return unavailable("connections-full", "the node is full: max-connections reached");
    }
    if (registry.infoBytes >= limits.infosBytesMax) {
      return unavailable("connections-full", "the requests of its connections fill its memory");
    }
    const waiting = typeof info.ip === "string" ? this.#addresses.waiting(info.ip) : 0;
    if (guard.refuses(info.ip, waiting)) {
      return unavailable("connections-per-ip", "max-connections-per-ip reached for this address");
    }
    const { router } = this.#app(app);
    const { refusal } = router;
    if (refusal === undefined) return undefined;
    if (refusal === "no-origin") router.noteNoOrigin();
    return unavailable(refusal, "events wait for an origin or the broker");
  }

  /** Asks who decides. Where the client leaves meanwhile, its place is free at once. */
  async #wait(request: HandshakeRequest, admission: HandshakeAdmission): Promise<HandshakeAnswer> {
    const { handshakes, reservations } = this.#parts;
    const address = String(admission.info.ip);
    const code = this.#addresses.begin(address);
    if (code !== undefined) return this.#refused(tooMany(code));
    const reservation = reservations.reserve(this.#app(admission.app));
    let waits = true;
    const end = (): void => {
      if (waits) this.#addresses.end(address);
      waits = false;
    };
    request.onLeft?.(() => {
      // Some runtimes tell it of those that are answered, too.
      if (!waits) return;
      end();
      reservations.giveBack(reservation);
      handshakes.settle(reservation.id, left);
    });
    const asked =
      this.#options.authorize === "origin"
        ? this.#askOrigin(reservation, admission)
        : this.#askToken(request, admission);
    try {
      return await this.#decided(reservation, admission, await asked);
    } catch (error) {
      reservations.giveBack(reservation);
      throw error;
    } finally {
      end();
    }
  }

  #app(name: string): HandshakeApp {
    const app = this.#parts.apps.get(name);
    assert(app, "routes lead to apps that are served");
    return app;
  }

  #askOrigin(
    reservation: Reservation,
    { info }: HandshakeAdmission,
  ): Promise<Authorization | HandshakeRefusal> {
    const { subprotocol: _, ...request } = info;
    return this.#parts.handshakes.ask(reservation, request);
  }

  #askToken(
    request: HandshakeRequest,
    { app, info }: HandshakeAdmission,
  ): Promise<Authorization | HandshakeRefusal> {
    const { authorizer } = this.#parts;
    assert(authorizer, "--authorize jwt comes with an authorizer");
    return authorizer.authorize({ request, app, info });
  }

  async #decided(
    reservation: Reservation,
    admission: HandshakeAdmission,
    answer: Authorization | HandshakeRefusal,
  ): Promise<HandshakeAnswer> {
    if (reservation.ended) return this.#refused(left);
    const refusal = answer.accepted ? await this.#holdGroups(reservation, answer) : answer;
    // The client may have left while the broker was asked.
    if (reservation.ended) return this.#refused(left);
    if (refusal !== undefined || !answer.accepted || this.#closed) {
      this.#parts.reservations.giveBack(reservation);
      return this.#refused(refusal ?? unavailable("draining", "this node is being shut down", 1));
    }
    this.#parts.metrics.authorized.add(1);
    this.#parts.reservations.expectOpen(reservation);
    return authorized(admission, answer, reservation);
  }

  /** Waits until the broker gives this node what is published to the connection's groups. */
  async #holdGroups(
    reservation: Reservation,
    { grant }: Authorization,
  ): Promise<HandshakeRefusal | undefined> {
    reservation.grant = grant;
    const { groups = [], user } = grant;
    if (groups.length > this.#options.groupsPerConnectionMax) {
      return refuse(500, "group-limit", "the answer names more than max-groups-per-connection");
    }
    const names = user === undefined ? groups : [userGroup(user), ...groups];
    if (names.length === 0) return undefined;
    const holds = names.map((name) => this.#hold(reservation, name));
    const granted = (await Promise.all(holds)).every((ready) => ready);
    if (granted) return undefined;
    return unavailable("group-refused", "its groups cannot be subscribed now");
  }

  #hold(reservation: Reservation, name: string): Promise<boolean> {
    const { groups } = reservation.app;
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(limits.groupWaitMs, () => resolve(false));
      const group = groups.hold(name, (error) => {
        cancel();
        resolve(error === undefined);
      });
      if (group !== undefined) reservation.groups.push(group);
      else resolve(false);
    });
  }
}

/** The admission with what was granted on top. */
function authorized(
  admission: HandshakeAdmission,
  { grant, subprotocol, headers, info }: Authorization,
  reservation: Reservation,
): HandshakeAdmission {
  const chosen = subprotocol ?? admission.subprotocol;
  const told: Record<string, unknown> = { ...admission.info, ...info };
  if (chosen !== undefined) told.subprotocol = chosen;
  if (grant.user !== undefined) told.user = grant.user;
  if (grant.state !== undefined) told.state = grant.state;
  return { ...admission, subprotocol: chosen, headers, info: told, reservation };
}

const left: HandshakeRefusal = refuse(400, "handshake-left", "the client has left");

/** RFC 6585, 4. */
function tooMany(code: "handshakes-per-ip" | "handshake-rate"): HandshakeRefusal {
  const setting =
    code === "handshake-rate" ? "max-handshake-rate-per-ip" : "max-handshakes-per-ip";
  return refuse(429, code, `${setting} reached for this address`, { "retry-after": "1" });
}
