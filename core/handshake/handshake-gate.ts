import { assert, type ErrorCode, limits, userGroup } from "../base/mod.ts";
import type { ConnectionGuard, Registry } from "../connection/mod.ts";
import type {
  Authorization,
  Authorizer,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  Logger,
} from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { refuse } from "../websocket/mod.ts";
import type { AddressHandshakeOptions, AddressHandshakes } from "./address-handshakes.ts";
import { type AdmissionOptions, admit, draining, unavailable } from "./admission.ts";
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

export interface HandshakeGateDependencies {
  readonly apps: ReadonlyMap<string, HandshakeApp>;
  readonly routes: Routes;
  readonly registry: Registry;
  readonly reservations: Reservations;
  readonly handshakes: WaitingHandshakes;
  readonly addresses: AddressHandshakes;
  readonly guard: ConnectionGuard;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Needed where `authorize` is `jwt`. */
  readonly authorizer: Authorizer | undefined;
}

/** Answers every request on the client port: by itself, or by what an origin or a token says. */
export class HandshakeGate {
  readonly #dependencies: HandshakeGateDependencies;
  readonly #options: HandshakeGateOptions;
  #closed = false;

  constructor(dependencies: HandshakeGateDependencies, options: HandshakeGateOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  /** The node is being shut down: every further handshake is refused. */
  close(): void {
    this.#closed = true;
    this.#dependencies.handshakes.refuseAll();
  }

  answer(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    const answer = admit(request, this.#options, this.#dependencies.routes);
    if (!answer.accepted) return this.#refused(answer);
    const refusal = this.#full(answer);
    if (refusal !== undefined) return this.#refused(refusal);
    return this.#options.authorize === "none" ? answer : this.#authorize(request, answer);
  }

  /** A handshake was refused, here or by the runtime, where it was no request yet. */
  noteRefused(code: ErrorCode): void {
    this.#dependencies.metrics.error(code);
    this.#dependencies.logger.log("debug", "handshake-refused", "a handshake was refused", {
      code,
    });
  }

  #refused(refusal: HandshakeRefusal): HandshakeRefusal {
    if (refusal.statusCode >= 400 || refusal.errorCode !== undefined) {
      this.noteRefused(refusal.errorCode ?? "handshake-refused");
    }
    return refusal;
  }

  /** Why the node takes no connection now, whoever asks. */
  #full({ app, info }: HandshakeAdmission): HandshakeRefusal | undefined {
    const { registry, guard } = this.#dependencies;
    if (this.#closed) return draining;
    if (registry.occupied >= this.#options.connectionsMax) {
      return unavailable("connections-full", "the node is full: max-connections reached");
    }
    if (registry.infoBytes >= limits.infosBytesMax) {
      return unavailable(
        "connections-full",
        "the kept requests of its connections fill their memory",
      );
    }
    const waiting =
      typeof info.ip === "string" ? this.#dependencies.addresses.waiting(info.ip) : 0;
    if (guard.refuses(info.ip, waiting)) {
      return unavailable("connections-per-ip", "max-connections-per-ip reached for this address");
    }
    const { router } = this.#app(app);
    const { refusal } = router;
    if (refusal === undefined) return undefined;
    if (refusal === "no-origin") router.noteNoOrigin();
    return unavailable(refusal, "the node is full: events wait for an origin or the broker");
  }

  /** Asks the authority. Where the client leaves meanwhile, its reservation ends at once. */
  async #authorize(
    request: HandshakeRequest,
    admission: HandshakeAdmission,
  ): Promise<HandshakeAnswer> {
    const { handshakes, reservations } = this.#dependencies;
    const address = String(admission.info.ip);
    const code = this.#dependencies.addresses.begin(address);
    if (code !== undefined) return this.#refused(tooMany(code));
    const reservation = reservations.reserve(this.#app(admission.app));
    let waits = true;
    const end = (): void => {
      if (waits) this.#dependencies.addresses.end(address);
      waits = false;
    };
    request.onLeft?.(() => {
      // Some runtimes call back for answered requests too.
      if (!waits) return;
      end();
      reservations.giveBack(reservation);
      handshakes.settle(reservation.id, clientLeft);
    });
    const asked = this.#ask(reservation, request, admission);
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
    const app = this.#dependencies.apps.get(name);
    assert(app, "routes lead to apps that are served");
    return app;
  }

  #ask(
    reservation: Reservation,
    request: HandshakeRequest,
    { app, info }: HandshakeAdmission,
  ): Promise<Authorization | HandshakeRefusal> {
    const { authorizer, handshakes } = this.#dependencies;
    if (this.#options.authorize === "origin") {
      const { subprotocol: _, ...candidate } = info;
      return handshakes.ask(reservation, candidate);
    }
    assert(authorizer, "--authorize jwt comes with an authorizer");
    return authorizer.authorize({ request, app, info });
  }

  async #decided(
    reservation: Reservation,
    admission: HandshakeAdmission,
    answer: Authorization | HandshakeRefusal,
  ): Promise<HandshakeAnswer> {
    if (reservation.ended) return this.#refused(clientLeft);
    const refusal = answer.accepted ? await this.#reserveGroups(reservation, answer) : answer;
    // The client may have left while the broker was asked.
    if (reservation.ended) return this.#refused(clientLeft);
    if (refusal !== undefined || !answer.accepted || this.#closed) {
      this.#dependencies.reservations.giveBack(reservation);
      return this.#refused(refusal ?? draining);
    }
    this.#dependencies.metrics.authorized.add(1);
    this.#dependencies.reservations.expectOpen(reservation);
    return authorized(admission, answer, reservation);
  }

  /** Waits until the broker has granted the topics of the connection's groups. */
  async #reserveGroups(
    reservation: Reservation,
    { grant }: Authorization,
  ): Promise<HandshakeRefusal | undefined> {
    reservation.grant = grant;
    const { groups = [], user } = grant;
    if (groups.length > this.#options.groupsPerConnectionMax) {
      return refuse(
        500,
        "group-limit",
        "the answer has more groups than max-groups-per-connection",
      );
    }
    const names = user === undefined ? groups : [userGroup(user), ...groups];
    if (await this.#dependencies.reservations.reserveGroups(reservation, names)) return undefined;
    return unavailable("group-refused", "the broker does not grant the groups' topics now");
  }
}

/** The admission with what was granted on top. */
function authorized(
  admission: HandshakeAdmission,
  { grant, subprotocol, headers, info }: Authorization,
  reservation: Reservation,
): HandshakeAdmission {
  const chosen = subprotocol ?? admission.subprotocol;
  const openInfo: Record<string, unknown> = { ...admission.info, ...info };
  if (chosen !== undefined) openInfo.subprotocol = chosen;
  if (grant.user !== undefined) openInfo.user = grant.user;
  if (grant.state !== undefined) openInfo.state = grant.state;
  return { ...admission, subprotocol: chosen, headers, info: openInfo, reservation };
}

const clientLeft: HandshakeRefusal = refuse(
  400,
  "handshake-left",
  "the client left before the answer",
);

/** RFC 6585, 4: too many requests. */
function tooMany(code: "handshakes-per-ip" | "handshake-rate"): HandshakeRefusal {
  const setting =
    code === "handshake-rate" ? "max-handshake-rate-per-ip" : "max-handshakes-per-ip";
  return refuse(429, code, `${setting} reached for this address`, { "retry-after": "1" });
}
