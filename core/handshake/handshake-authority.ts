import { userGroup } from "../base/mod.ts";
import type {
  Authorization,
  Authorizer,
  Clock,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  Span,
} from "../ports/mod.ts";
import {
  type GatewayMetrics,
  refusedTrace,
  type Traces,
  traceparentOf,
} from "../telemetry/mod.ts";
import { refuse } from "../websocket/mod.ts";
import type { AddressHandshakes } from "./address-handshakes.ts";
import { draining, unavailable } from "./admission.ts";
import type { HandshakeApp, Reservation, Reservations } from "./reservations.ts";
import type { WaitingHandshakes } from "./waiting-handshakes.ts";

export interface HandshakeAuthorityDependencies {
  readonly reservations: Reservations;
  /** Used if an origin decides. */
  readonly handshakes: WaitingHandshakes;
  readonly addresses: AddressHandshakes;
  readonly authorizer?: Authorizer | undefined;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly traces?: Traces | undefined;
}

/** A handshake that an origin or a token decides about. */
interface Question {
  readonly admission: HandshakeAdmission;
  readonly span: Span | undefined;
}

/** Settings that a reload may change. */
interface AuthorityOptions {
  readonly groupsPerConnectionMax: number;
}

/** The answer to a handshake, and the reservation that it had, for the log. */
export interface Decision {
  readonly answer: HandshakeAnswer;
  /** Undefined if nobody was asked. */
  readonly reservation?: Reservation;
}

/** Lets an origin or a token decide on handshakes. A slot is reserved while they wait. */
export class HandshakeAuthority {
  readonly #dependencies: HandshakeAuthorityDependencies;
  readonly #options: AuthorityOptions;
  /** Decides by token; without it an origin decides. A reload replaces it. */
  authorizer: Authorizer | undefined;
  #closed = false;

  constructor(dependencies: HandshakeAuthorityDependencies, options: AuthorityOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.authorizer = dependencies.authorizer;
  }

  /** The node is being shut down. */
  close(): void {
    this.#closed = true;
    this.#dependencies.handshakes.refuseAll();
  }

  /** How many handshakes of this address wait to be decided. */
  waiting(address: string): number {
    return this.#dependencies.addresses.waiting(address);
  }

  /** If the client leaves before the answer, its reservation ends at once. */
  async decide(
    request: HandshakeRequest,
    admission: HandshakeAdmission,
    app: HandshakeApp,
  ): Promise<Decision> {
    const { addresses, clock, handshakes, metrics, reservations } = this.#dependencies;
    const address = String(admission.info.ip);
    const code = addresses.begin(address);
    if (code !== undefined) return { answer: tooMany(code) };
    const reservation = reservations.reserve(app);
    let waits = true;
    const end = (): void => {
      if (waits) addresses.end(address);
      waits = false;
    };
    request.onLeft?.(() => {
      // A runtime may call back for answered requests too.
      if (!waits) return;
      end();
      reservations.giveBack(reservation);
      handshakes.settle(reservation.id, clientLeft);
    });
    const begunAt = clock.ticks();
    const span = admission.span && this.#span(admission.span);
    const asked = this.#ask(reservation, request, { admission, span });
    try {
      const answer = await asked;
      if (span !== undefined) endSpan(span, answer);
      metrics.authorization.observe((clock.ticks() - begunAt) / 1_000);
      return { answer: await this.#decided(reservation, admission, answer), reservation };
    } catch (error) {
      reservations.giveBack(reservation);
      throw error;
    } finally {
      end();
    }
  }

  #ask(
    reservation: Reservation,
    request: HandshakeRequest,
    { admission: { app, info }, span }: Question,
  ): Promise<Authorization | HandshakeRefusal> {
    const { authorizer } = this;
    const { handshakes } = this.#dependencies;
    if (authorizer !== undefined) return authorizer.authorize({ request, app, info });
    const { subprotocol: _, ...candidate } = info;
    const trace = span === undefined ? {} : { trace: traceparentOf(span) };
    return handshakes.ask(reservation, { ...candidate, ...trace });
  }

  /** The span of the decision about a handshake that is traced. */
  #span(handshake: Span): Span | undefined {
    const by = this.authorizer === undefined ? "origin" : "token";
    return this.#dependencies.traces?.authorization(handshake, by);
  }

  async #decided(
    reservation: Reservation,
    admission: HandshakeAdmission,
    answer: Authorization | HandshakeRefusal,
  ): Promise<HandshakeAnswer> {
    const { metrics, reservations } = this.#dependencies;
    if (answer.accepted) reservation.grant = answer.grant;
    if (reservation.ended) return clientLeft;
    const refusal = answer.accepted ? await this.#reserveGroups(reservation, answer) : answer;
    // The client may have left while the broker was asked.
    if (reservation.ended) return clientLeft;
    if (refusal !== undefined || !answer.accepted || this.#closed) {
      reservations.giveBack(reservation);
      return refusal ?? draining;
    }
    metrics.authorized.add(1);
    reservations.expectOpen(reservation);
    return authorized(admission, answer, reservation);
  }

  /** Waits until the broker has granted the topics of the connection's groups. */
  async #reserveGroups(
    reservation: Reservation,
    { grant }: Authorization,
  ): Promise<HandshakeRefusal | undefined> {
    const { groups = [], user } = grant;
    if (groups.length > this.#options.groupsPerConnectionMax) {
      const sentence = "the answer has more groups than max-groups-per-connection";
      return refuse(500, "group-limit", sentence);
    }
    const names = user === undefined ? groups : [userGroup(user), ...groups];
    if (await this.#dependencies.reservations.reserveGroups(reservation, names)) return undefined;
    return unavailable("group-refused", "the broker does not grant the groups' topics now");
  }
}

/** The admission, completed by what the origin or the token granted. */
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

const clientLeft = refuse(400, "handshake-left", "the client left before the answer");

/** RFC 6585, 4: too many requests. */
function tooMany(code: "handshakes-per-ip" | "handshake-rate"): HandshakeRefusal {
  const setting =
    code === "handshake-rate" ? "max-handshake-rate-per-ip" : "max-handshakes-per-ip";
  return refuse(429, code, `${setting} reached for this address`, { "retry-after": "1" });
}

function endSpan(span: Span, answer: Authorization | HandshakeRefusal): void {
  if (answer.accepted) span.end();
  else refusedTrace(span, answer);
}
