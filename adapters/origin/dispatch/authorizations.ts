import { type ErrorCode, isErrorCode, nodeOf, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel } from "../../../core/ports/mod.ts";
import { checkedGroup, checkHandler, originLimits, traceOf } from "../base/mod.ts";
import { IdOutcomes, type NodeSenders, type Replies } from "../send/mod.ts";
import {
  type AuthorizeAnswer,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type Grant,
  Rejection,
} from "./authorize.ts";

/** A handshake that is not decided yet. */
interface Waiting {
  readonly request: AuthorizeRequest;
  readonly abort: AbortController;
  readonly cancel: Cancel;
  /** Resolves when it is decided. */
  readonly whenDecided: Promise<void>;
  readonly decided: () => void;
}

type Texts = Readonly<Record<string, string>>;

/** Asks the handler of `authorize` about each handshake, many at once, and tells the gateway. */
export class Authorizations {
  readonly #senders: NodeSenders;
  readonly #replies: Replies;
  #handler: AuthorizeHandler | undefined;
  /** By id: handshakes whose handler has not started. */
  readonly #queue: Map<string, Waiting> = new Map();
  readonly #running: Map<string, Waiting> = new Map();

  constructor(senders: NodeSenders, replies: Replies) {
    this.#senders = senders;
    this.#replies = replies;
  }

  /** Sets the handler; returns a function that removes it. */
  handle(handler: AuthorizeHandler): () => void {
    checkHandler(handler);
    if (this.#handler !== undefined) {
      throw new ServiceError("setting-invalid", "authorize has a handler already");
    }
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  /** A handshake waits. Resolves when it is decided, or no longer waits. */
  connect(id: string, values: unknown, assigned: boolean): Promise<void> | undefined {
    // Another stream brought the same handshake again.
    const known = this.#running.get(id) ?? this.#queue.get(id);
    if (known !== undefined) return known.whenDecided;
    if (this.#handler === undefined) {
      // In open mode another origin may be the one that decides.
      if (assigned)
        this.#refuse(id, "handshake-rejected", "the origin has no handler for authorize");
      return undefined;
    }
    if (this.#queue.size >= originLimits.authorizeQueueMax) {
      this.#refuse(id, "authorize-full", "too many handshakes wait for authorize");
      return undefined;
    }
    let decided = (): void => {};
    const whenDecided = new Promise<void>((resolve) => {
      decided = resolve;
    });
    const abort = new AbortController();
    const request = requestOf(id, values, abort.signal);
    const cancel = this.#senders.queue.clock.after(request.timeoutMs, () => this.#late(id));
    this.#queue.set(id, { request, abort, cancel, whenDecided, decided });
    this.#next();
    return whenDecided;
  }

  /** The origin is closed: the signals of handlers that still run abort. */
  end(): void {
    for (const id of [...this.#queue.keys(), ...this.#running.keys()]) {
      this.#finish(id)?.abort.abort(new ServiceError("broker-lost", "the origin is closed"));
    }
  }

  #next(): void {
    for (const [id, waiting] of this.#queue) {
      if (this.#running.size >= originLimits.authorizingMax) return;
      this.#queue.delete(id);
      this.#running.set(id, waiting);
      void this.#decide(id, waiting);
    }
  }

  async #decide(id: string, { request, abort }: Waiting): Promise<void> {
    try {
      const answer = await this.#handler?.(request);
      if (!abort.signal.aborted) this.#answer(id, answer);
    } catch (error) {
      if (!abort.signal.aborted) {
        this.#senders.queue.failed(error as Error);
        this.#reject(id, refusal(500, "handshake-rejected", "the origin's authorize failed"));
      }
    }
    this.#finish(id);
    this.#next();
  }

  /** The gateway has answered with 504: the handler's answer comes too late. */
  #late(id: string): void {
    const waiting = this.#finish(id);
    if (waiting === undefined) return;
    const error = new ServiceError("authorize-timeout", `authorize: no answer for ${id} in time`);
    waiting.abort.abort(error);
    this.#senders.queue.failed(error);
    this.#next();
  }

  #finish(id: string): Waiting | undefined {
    const waiting = this.#running.get(id) ?? this.#queue.get(id);
    if (waiting === undefined) return undefined;
    this.#running.delete(id);
    this.#queue.delete(id);
    waiting.cancel();
    waiting.decided();
    return waiting;
  }

  #answer(id: string, answer: AuthorizeAnswer): void {
    if (answer instanceof Rejection) this.#reject(id, answer);
    else this.#accept(id, answer ?? {});
  }

  #accept(id: string, grant: Grant): void {
    const map = wireOf(grant);
    // Where too many replies are waited for, the gateway tells a failure without a `ref`.
    if (this.#replies.full) {
      this.#command(["accept", id, map]);
      return;
    }
    const { ref, result } = this.#replies.expect(new IdOutcomes<string>([id]));
    this.#command(["accept", id, { ...map, ref }]);
    void result.then((outcomes) => {
      const outcome = outcomes.get(id);
      if (isErrorCode(outcome))
        this.#senders.queue.failed(new ServiceError(outcome, `accept ${id}: ${outcome}`));
    });
  }

  #reject(id: string, { statusCode, body, headers }: Rejection): void {
    const options = headers === undefined ? [] : [{ headers }];
    try {
      this.#command(["reject", id, statusCode, body, ...options]);
    } catch (error) {
      this.#senders.queue.failed(error as Error);
    }
  }

  #refuse(id: string, code: ErrorCode, why: string): void {
    this.#senders.queue.failed(new ServiceError(code, `authorize: ${why}`));
    this.#reject(id, refusal(503, code, why, { "retry-after": "1" }));
  }

  #command(item: readonly unknown[]): void {
    this.#senders.node(nodeOf(item[1] as string)).command(item);
  }
}

/** A refusal of the library's own: its body is JSON, as those of the gateway. */
function refusal(status: number, code: ErrorCode, message: string, more: Texts = {}): Rejection {
  const headers = { ...more, "content-type": "application/json" };
  return new Rejection(status, `${JSON.stringify({ code, message })}\n`, headers);
}

function requestOf(id: string, values: unknown, signal: AbortSignal): AuthorizeRequest {
  const given = (typeof values === "object" && values !== null ? values : {}) as Partial<
    Record<string, unknown>
  >;
  const { path = "/", query = "", ip = "", at, timeout } = given;
  const { headers = {}, cookies = {}, params = {}, subprotocols = [] } = given;
  const trace = traceOf(given.trace);
  return {
    id,
    path: String(path),
    query: String(query),
    ip: String(ip),
    headers: headers as Texts,
    cookies: cookies as Texts,
    params: params as Texts,
    subprotocols: subprotocols as readonly string[],
    ...(typeof at === "number" ? { at } : {}),
    ...(trace === undefined ? {} : { trace }),
    timeoutMs: typeof timeout === "number" && timeout > 0 ? timeout : originLimits.authorizeMs,
    signal,
  };
}

/** A grant as `accept` has it. */
function wireOf({ groups, expires, ...rest }: Grant): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined && value !== null) map[key] = value;
  }
  if (groups !== undefined) map.groups = Array.from(groups, checkedGroup);
  if (expires !== undefined) map.expires = Number(expires);
  return map;
}
