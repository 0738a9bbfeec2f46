import { assert, type ErrorCode, limits } from "../base/mod.ts";
import type { ConnectionGuard, Registry } from "../connection/mod.ts";
import type {
  Clock,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  LogFields,
  Logger,
  RefusedStream,
  Span,
} from "../ports/mod.ts";
import {
  type GatewayMetrics,
  refusedTrace,
  type Traces,
  traceparentOf,
} from "../telemetry/mod.ts";
import type { AddressHandshakeOptions } from "./address-handshakes.ts";
import { type AdmissionOptions, admit, draining, unavailable } from "./admission.ts";
import { clientAddress } from "./client-address.ts";
import type { HandshakeAuthority } from "./handshake-authority.ts";
import type { HandshakeApp, Reservation } from "./reservations.ts";
import type { Routes } from "./routes.ts";

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
  readonly guard: ConnectionGuard;
  readonly authority: HandshakeAuthority;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly traces?: Traces | undefined;
}

/** Answers every request on the client port: by itself, or by what the authority decides. */
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
    this.#dependencies.authority.close();
  }

  answer(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    const { clock, traces } = this.#dependencies;
    const begunAt = clock.ticks();
    const span = traces?.handshake(request);
    const answer = this.#answer(request, span);
    if (!(answer instanceof Promise)) {
      this.#answered(answer, begunAt, span);
      return answer;
    }
    return answer.then((late) => {
      this.#answered(late, begunAt, span);
      return late;
    });
  }

  #answered(answer: HandshakeAnswer, begunAt: number, span: Span | undefined): void {
    if (span !== undefined && !answer.accepted) refusedTrace(span, answer);
    const { clock, metrics } = this.#dependencies;
    const { handshakeAccepted, handshakeRefused } = metrics;
    const histogram = answer.accepted ? handshakeAccepted : handshakeRefused;
    histogram.observe((clock.ticks() - begunAt) / 1_000);
  }

  #answer(
    request: HandshakeRequest,
    span: Span | undefined,
  ): HandshakeAnswer | Promise<HandshakeAnswer> {
    const answer = admit(request, this.#options, this.#dependencies.routes);
    if (!answer.accepted) return this.#refused(answer, request);
    const refusal = this.#full(answer);
    if (refusal !== undefined) return this.#refused(refusal, request);
    const admission = span === undefined ? answer : traced(answer, span);
    return this.#options.authorize === "none" ? admission : this.#authorize(request, admission);
  }

  /** Why the node takes no connection, whatever its app; undefined while it does. */
  get full(): "max-connections reached" | "kept requests fill their memory" | undefined {
    const { registry } = this.#dependencies;
    if (registry.occupied >= this.#options.connectionsMax) return "max-connections reached";
    return registry.infoBytes >= limits.infosBytesMax
      ? "kept requests fill their memory"
      : undefined;
  }

  /** The runtime refused a stream before it was a whole request. */
  noteStream({ code, address, status, path }: RefusedStream): void {
    const app = path === undefined ? undefined : this.#dependencies.routes.find(path)?.app;
    this.#noteRefused(code, { status, address, app, path });
  }

  #noteRefused(code: ErrorCode, fields: LogFields): void {
    const { logger, metrics } = this.#dependencies;
    metrics.error(code);
    const event = "handshake-refused";
    logger.log("debug", event, "a handshake was refused", { code, ...fields });
  }

  #refused(
    refusal: HandshakeRefusal,
    request: HandshakeRequest,
    reservation?: Reservation,
  ): HandshakeRefusal {
    const { errorCode, statusCode } = refusal;
    if (statusCode < 400 && errorCode === undefined) return refusal;
    const isLogged = this.#dependencies.logger.enabled("debug", "handshake-refused");
    const fields = isLogged ? this.#fieldsOf(request, reservation) : {};
    this.#noteRefused(errorCode ?? "handshake-refused", { status: statusCode, ...fields });
    return refusal;
  }

  /** For the log. `connection`: the reserved id, if an origin or a token was asked. */
  #fieldsOf(request: HandshakeRequest, reservation: Reservation | undefined): LogFields {
    const { path } = request;
    const address = clientAddress(request, this.#options.trustedProxies);
    const app = this.#dependencies.routes.find(path)?.app;
    return { address, app, path, user: reservation?.grant.user, connection: reservation?.id };
  }

  /** Why the node takes no connection of any client now. */
  #full({ app, info }: HandshakeAdmission): HandshakeRefusal | undefined {
    const { authority, guard } = this.#dependencies;
    if (this.#closed) return draining;
    const { full } = this;
    if (full !== undefined) return unavailable("connections-full", `the node is full: ${full}`);
    const waiting = typeof info.ip === "string" ? authority.waiting(info.ip) : 0;
    if (guard.refuses(info.ip, waiting)) {
      return unavailable("connections-per-ip", "max-connections-per-ip reached for this address");
    }
    const { router } = this.#app(app);
    const { refusal } = router;
    if (refusal === undefined) return undefined;
    if (refusal === "no-origin") router.noteNoOrigin();
    return unavailable(refusal, "the node is full: events wait for an origin or the broker");
  }

  async #authorize(
    request: HandshakeRequest,
    admission: HandshakeAdmission,
  ): Promise<HandshakeAnswer> {
    const app = this.#app(admission.app);
    const { authority } = this.#dependencies;
    const { answer, reservation } = await authority.decide(request, admission, app);
    return answer.accepted ? answer : this.#refused(answer, request, reservation);
  }

  #app(name: string): HandshakeApp {
    const app = this.#dependencies.apps.get(name);
    assert(app, "routes lead to apps that are served");
    return app;
  }
}

/** The admission of a handshake that is traced: `open` tells its span. */
function traced(admission: HandshakeAdmission, span: Span): HandshakeAdmission {
  return { ...admission, span, info: { ...admission.info, trace: traceparentOf(span) } };
}
