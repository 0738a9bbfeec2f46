import {
  closeReasons,
  type ErrorCode,
  isOfNode,
  limits,
  nodeOf,
  randomName,
  ServiceError,
} from "../../core/base/mod.ts";
import type { Clock, Random } from "../../core/ports/mod.ts";
import type { HttpAnswer } from "../http-client/mod.ts";
import type { Command } from "../http-wire/mod.ts";
import type { GatewayOrigin } from "../origin/api/mod.ts";
import {
  type AuthorizeAnswer,
  type AuthorizeRequest,
  type Connection,
  type Rejection,
  reject,
} from "../origin/mod.ts";
import { carryOut, checkReply, type ReplyContext } from "./carry-out.ts";
import type { EventForm } from "./forms/mod.ts";
import { KeepAlives } from "./keep-alives.ts";
import type { Failures, OriginRequests } from "./requests/mod.ts";

export interface HttpOriginOptions {
  readonly form: EventForm;
  /** Whether commands in answers are carried out. */
  readonly replies: boolean;
}

export interface HttpOriginPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly requests: OriginRequests;
  readonly failures: Failures;
}

/** An event as it is sent. */
interface SentEvent {
  /** Its number within the connection; `lost` for the close of a lost node, which has none. */
  readonly seq: number | "lost";
  readonly body: string;
  /** Reads its answer, in place of the form's `commands`. */
  readonly read?: (answer: HttpAnswer) => readonly Command[];
  /** The close of a connection whose node is dead. */
  readonly isNodeLost?: boolean | undefined;
  /** The event's span, if it is traced. */
  readonly trace?: string | undefined;
}

/** The connection whose event was answered. */
interface Answered extends Pick<SentEvent, "isNodeLost" | "trace"> {
  readonly id: string;
}

/**
 * An origin that is called over HTTP. The origin library receives the events, in order and with
 * back-pressure: each handler sends one request, and has finished when its answer was carried out.
 */
export class HttpOrigin {
  readonly #origin: GatewayOrigin;
  readonly #form: EventForm;
  readonly #replies: boolean;
  readonly #clock: Clock;
  readonly #failures: Failures;
  readonly #requests: OriginRequests;
  readonly #keepAlives: KeepAlives;
  /** Connections that are being closed because an event of theirs was not taken. */
  readonly #failed: WeakSet<Connection> = new WeakSet();
  /** Part of the ids of requests that belong to no connection. */
  readonly #name: string;
  #count = 0;
  #stopped = false;

  constructor(origin: GatewayOrigin, options: HttpOriginOptions, ports: HttpOriginPorts) {
    const { clock, random, requests, failures } = ports;
    this.#origin = origin;
    this.#form = options.form;
    this.#replies = options.replies;
    this.#clock = clock;
    this.#name = randomName(random, 12);
    this.#failures = failures;
    this.#requests = requests;
    this.#keepAlives = new KeepAlives(clock, (ids) => this.#sendKeepAlives(ids));
    this.#listen();
  }

  /** Whether it gets events: the bus can be reached. */
  get ready(): boolean {
    return this.#origin.connected;
  }

  /** Resolves when events come in. Rejects as `connectOrigin` does. */
  start(): Promise<void> {
    return this.#origin.start();
  }

  /** Handles what was given to it, for a limited time, and leaves. */
  async stop(): Promise<void> {
    await this.#origin.close();
    this.#stopped = true;
  }

  #listen(): void {
    const origin = this.#origin;
    const form = this.#form;
    origin.authorize((request) => this.#authorize(request));
    origin.on("open", ({ connection, info }) => {
      const body = form.open(connection.id, info);
      if (body === undefined) return undefined;
      const read = (answer: HttpAnswer) => form.opened(connection.id, answer);
      return this.#event(connection, { seq: 0, body, read, trace: connection.trace });
    });
    origin.on("message", ({ connection, data, seq, trace }) => {
      if (this.#failed.has(connection)) return undefined;
      const body = form.message(connection.id, { data, seq, info: connection.info });
      return this.#event(connection, { seq, body, trace });
    });
    origin.on("close", ({ connection, seq, code, reason, cause, trace }) => {
      this.#keepAlives.delete(connection.id);
      const { info } = connection;
      const body = form.close(connection.id, { seq, code, reason, cause, info });
      // It is sent even if the origin did not take an earlier event.
      const isNodeLost = cause === "node-lost";
      return this.#event(connection, { seq: seq ?? "lost", body, isNodeLost, trace });
    });
    origin.on("alive", ({ connections }) => {
      this.#keepAlives.add(connections.map(({ id }) => id));
    });
    origin.on("error", ({ error }) => {
      this.#report("origin-error", error, "internal");
    });
  }

  /** Resolves when the event is handled: answered and carried out, or given up. */
  async #event(connection: Connection, event: SentEvent): Promise<void> {
    const { id } = connection;
    const { seq, body, read, isNodeLost, trace } = event;
    const answer = await this.#requests.deliver({
      id: () => requestId(id, seq),
      body,
      succeeded: (one) => this.#form.succeeded(one),
      retry: true,
      trace,
    });
    if (answer === undefined) this.#fail(connection);
    else if (read !== undefined) this.#reply({ id, trace }, () => read(answer));
    else if (answer.body.length > 0) {
      this.#reply({ id, isNodeLost, trace }, () => this.#form.commands(id, answer));
    }
  }

  /** The origin did not take an event: the connection cannot go on without it. */
  #fail(connection: Connection): void {
    // While it stops, the node itself deals with the events that were not acknowledged.
    if (this.#stopped) return;
    const message = "the origin did not take an event; its connection is closed";
    this.#failures.report("origin-failed", "origin-failed", message);
    if (this.#failed.has(connection)) return;
    this.#failed.add(connection);
    try {
      const { closeCode, text } = closeReasons.originFailed;
      this.#origin.closeConnections(connection, closeCode, text, { cause: "error" });
    } catch (error) {
      this.#report("origin-error", error, "internal");
    }
  }

  /** Carries out the answer to an event of the connection `id`. */
  #reply({ id, isNodeLost = false, trace }: Answered, read: () => readonly Command[]): void {
    if (!this.#replies) return;
    try {
      const commands = read();
      checkReply(commands);
      const home = isNodeLost ? undefined : id;
      const context = { origin: this.#origin, home, now: this.#clock.now(), trace };
      for (const [index, command] of commands.entries()) {
        const known = this.#withoutUnknown(id, command);
        if (known !== undefined) this.#carryOut(context, known, index);
      }
    } catch (error) {
      this.#report("origin-reply-refused", error, "command-malformed");
    }
  }

  /** The others are carried out, so a failure says which command of the answer it was. */
  #carryOut(context: ReplyContext, command: Command, index: number): void {
    try {
      carryOut(context, command);
    } catch (error) {
      const fault = error instanceof ServiceError ? error.code : "internal";
      const message = `command ${index} of an answer: ${(error as Error).message}`;
      this.#failures.report("origin-reply-refused", fault, message);
    }
  }

  /** The command without the ids of nodes that are not alive. Undefined if no id is left. */
  #withoutUnknown(home: string, command: Command): Command | undefined {
    if (!("ids" in command)) return command;
    const { ids } = command;
    const isKnown = (id: string): boolean =>
      isOfNode(id, nodeOf(home)) || this.#origin.reaches(id);
    const known = ids.filter(isKnown);
    if (known.length === ids.length) return command;
    const message = "an answer names a connection of a node that is not alive";
    for (let id = known.length; id < ids.length; id++) {
      this.#failures.report("origin-id-unknown", "id-foreign", message);
    }
    return known.length === 0 ? undefined : { ...command, ids: known };
  }

  async #authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer> {
    const { id, signal, trace } = request;
    let answer: HttpAnswer;
    try {
      const body = this.#form.connect(id, request);
      const requested = (): string => requestId(id, "connect");
      answer = await this.#requests.ask({ id: requested, body, signal, trace });
    } catch (error) {
      const code = error instanceof ServiceError ? error.code : "internal";
      const more = { "retry-after": "1" };
      return rejectWith(502, new ServiceError(code, "the origin cannot be asked"), more);
    }
    try {
      const decision = this.#form.decision(answer);
      if (decision.accepted) return decision.grant;
      const { status, body, headers } = decision;
      if (body.length <= limits.answerBodyBytesMax) return reject(status, body, { headers });
      const message = `the origin's body has more than ${limits.answerBodyBytesMax} bytes`;
      const error = new ServiceError("http-answer-too-big", message);
      this.#report("origin-reply-refused", error, error.code);
      return rejectWith(status, error, headers);
    } catch (error) {
      this.#report("origin-reply-refused", error, "handshake-grant");
      const message = "the origin's answer cannot be understood";
      return rejectWith(502, new ServiceError("handshake-grant", message));
    }
  }

  async #sendKeepAlives(ids: readonly string[]): Promise<void> {
    const body = this.#form.keepAlives(ids);
    if (body === undefined) return;
    const count = this.#count++;
    await this.#requests.deliver({
      id: () => `${this.#name}_${count}`,
      body,
      succeeded: (one) => this.#form.succeeded(one),
      retry: false,
    });
  }

  #report(event: string, error: unknown, otherwise: ErrorCode): void {
    const code = error instanceof ServiceError ? error.code : otherwise;
    this.#failures.report(event, code, String((error as Error).message));
  }
}

/** A refusal of the gateway's own: its body is JSON, as every such one's. */
function rejectWith(
  status: number,
  { code, message }: ServiceError,
  more: Readonly<Record<string, string>> = {},
): Rejection {
  const headers = { ...more, "content-type": "application/json" };
  return reject(status, `${JSON.stringify({ code, message })}\n`, { headers });
}

/** The id of a request. What is signed is divided by full stops, so the id contains none. */
function requestId(id: string, event: number | string): string {
  return `${id.replace(".", "_")}_${event}`;
}
