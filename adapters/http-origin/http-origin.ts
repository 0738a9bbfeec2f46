import { type ErrorCode, randomName, ServiceError } from "../../core/base/mod.ts";
import type { Clock, Logger, Metrics, Random } from "../../core/ports/mod.ts";
import {
  type AuthorizeAnswer,
  type AuthorizeRequest,
  type Connection,
  type Origin,
  reject,
} from "../origin/mod.ts";
import { carryOut, checkReply } from "./carry-out.ts";
import type { BackEndAnswer, EventForm, HandshakeInfo } from "./event-form.ts";
import { Failures } from "./failures.ts";
import { KeepAlives } from "./keep-alives.ts";
import { OriginRequests, type OriginRequestsOptions, type Poster } from "./origin-requests.ts";

export interface HttpOriginOptions extends OriginRequestsOptions {
  readonly form: EventForm;
  /** Whether commands in answers are carried out. */
  readonly replies: boolean;
}

export interface HttpOriginPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly client: Poster;
}

/** What the client of a connection is told whose origin failed. */
const failedCode = 1013;
const failedReason = "origin-failed";

/**
 * An origin that is called over HTTP. The origin library receives the events, in order and with
 * back-pressure: each handler sends one request, and has finished when its answer was carried out.
 */
export class HttpOrigin {
  readonly #origin: Origin;
  readonly #form: EventForm;
  readonly #replies: boolean;
  readonly #clock: Clock;
  readonly #failures: Failures;
  readonly #requests: OriginRequests;
  readonly #keepAlives: KeepAlives;
  /** Connections that are being closed because an event of theirs was not taken. */
  readonly #failed: WeakSet<Connection> = new WeakSet();
  /** In the names of requests that belong to no connection. */
  readonly #name: string;
  #count = 0;

  constructor(origin: Origin, options: HttpOriginOptions, ports: HttpOriginPorts) {
    const { clock, random } = ports;
    this.#origin = origin;
    this.#form = options.form;
    this.#replies = options.replies;
    this.#clock = clock;
    this.#name = randomName(random, 12);
    this.#failures = new Failures(ports);
    this.#requests = new OriginRequests(options, { ...ports, failures: this.#failures });
    this.#keepAlives = new KeepAlives(clock, (ids) => this.#sendKeepAlives(ids));
    this.#listen();
  }

  /** Resolves when events come in. Rejects as `connectOrigin` does. */
  start(): Promise<void> {
    return this.#origin.start();
  }

  /** Handles what was given to it, for a limited time, and leaves. */
  async stop(): Promise<void> {
    await this.#origin.close();
    this.#requests.stop();
  }

  #listen(): void {
    const origin = this.#origin;
    const form = this.#form;
    origin.authorize((request) => this.#authorize(request));
    origin.on("open", ({ connection, info }) => {
      const body = form.open(connection.id, info);
      return body === undefined ? undefined : this.#event(connection, 0, body);
    });
    origin.on("message", ({ connection, data, seq }) => {
      if (this.#failed.has(connection)) return undefined;
      const body = form.message(connection.id, { data, seq, info: infoOf(connection) });
      return this.#event(connection, seq, body);
    });
    origin.on("close", ({ connection, seq, code, reason, cause }) => {
      this.#keepAlives.delete(connection.id);
      const info = infoOf(connection);
      const body = form.close(connection.id, { seq, code, reason, cause, info });
      // It is sent also where the origin did not take an event before it.
      return this.#event(connection, seq ?? "lost", body);
    });
    origin.on("alive", ({ connections }) => {
      this.#keepAlives.add(connections.map(({ id }) => id));
    });
    origin.on("error", ({ error }) => {
      this.#report("origin-error", error, "internal");
    });
  }

  /** Resolves when the event is handled: answered and carried out, or given up. */
  async #event(connection: Connection, seq: number | "lost", body: string): Promise<void> {
    const { id } = connection;
    const answer = await this.#requests.deliver({
      id: requestId(id, seq),
      body,
      succeeded: this.#form.succeeded,
      retry: true,
    });
    if (answer === undefined) this.#fail(connection);
    else if (this.#replies && answer.body.length > 0) this.#reply(id, answer);
  }

  /** The origin did not take an event: the connection cannot go on without it. */
  #fail(connection: Connection): void {
    const message = "the origin did not take an event; its connection is closed";
    this.#failures.report("origin-failed", "origin-failed", message);
    if (this.#failed.has(connection)) return;
    this.#failed.add(connection);
    try {
      const cause = { cause: "error" } as const;
      this.#origin.closeConnections(connection, failedCode, failedReason, cause);
    } catch (error) {
      this.#report("origin-error", error, "internal");
    }
  }

  #reply(id: string, answer: BackEndAnswer): void {
    try {
      const commands = this.#form.commands(id, answer);
      checkReply(commands);
      const now = this.#clock.now();
      for (const command of commands) carryOut(this.#origin, command, now);
    } catch (error) {
      this.#report("origin-reply-refused", error, "command-malformed");
    }
  }

  async #authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer> {
    const { id, signal } = request;
    let answer: BackEndAnswer;
    try {
      const body = this.#form.connect(id, request);
      answer = await this.#requests.ask(requestId(id, "connect"), body, signal);
    } catch {
      return reject(502, "the origin cannot be asked", { headers: { "retry-after": "1" } });
    }
    try {
      const decision = this.#form.decision(answer);
      if (decision.accepted) return decision.grant;
      const { status, body, headers } = decision;
      return reject(status, body, { headers });
    } catch (error) {
      this.#report("origin-reply-refused", error, "handshake-grant");
      return reject(502, "the origin's answer cannot be understood");
    }
  }

  async #sendKeepAlives(ids: readonly string[]): Promise<void> {
    const body = this.#form.keepAlives(ids);
    if (body === undefined) return;
    const id = `${this.#name}_${this.#count++}`;
    await this.#requests.deliver({ id, body, succeeded: this.#form.succeeded, retry: false });
  }

  #report(event: string, error: unknown, otherwise: ErrorCode): void {
    const code = error instanceof ServiceError ? error.code : otherwise;
    this.#failures.report(event, code, String((error as Error).message));
  }
}

function infoOf({ info, user }: Connection): HandshakeInfo | undefined {
  return info === undefined ? undefined : { ...info, user };
}

/** A name for a request, without a full stop, which would divide what is signed. */
function requestId(id: string, event: number | string): string {
  return `${id.replace(".", "_")}_${event}`;
}
