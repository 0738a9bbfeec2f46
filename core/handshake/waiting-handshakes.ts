import { type ErrorCode, limits } from "../base/mod.ts";
import type { EventStream, ItemRange } from "../events/mod.ts";
import type { Authorization, Cancel, Clock, HandshakeRefusal } from "../ports/mod.ts";
import { refuse } from "../websocket/mod.ts";
import { draining, unavailable } from "./admission.ts";
import type { AuthorizeReply } from "./authorize-reply.ts";
import type { HandshakeApp, Reservation } from "./reservations.ts";

interface Waiting {
  readonly app: HandshakeApp;
  readonly stream: EventStream;
  /** Number after the `connect` item in its stream. */
  readonly item: number;
  readonly offered: readonly string[];
  readonly settle: (answer: Authorization | HandshakeRefusal) => void;
  readonly cancel: Cancel;
}

const noOrigin = unavailable("no-origin", "no origin is there to authorise the handshake");
const full = unavailable("authorize-full", "too many handshakes wait to be authorised");

/** Handshakes that wait for an origin's `accept` or `reject`. */
export class WaitingHandshakes {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting: Map<string, Waiting> = new Map();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** No further handshake may wait. */
  get isFull(): boolean {
    return this.#waiting.size >= limits.handshakesWaitingMax;
  }

  /** Asks the origin that would own the connection. Resolves with a refusal at the timeout. */
  ask(
    reservation: Reservation,
    request: Readonly<Record<string, unknown>>,
  ): Promise<Authorization | HandshakeRefusal> {
    const { app, id, slot } = reservation;
    if (!app.router.hasOrigin) {
      app.router.noteNoOrigin();
      return Promise.resolve(noOrigin);
    }
    if (this.isFull) return Promise.resolve(full);
    const stream = app.router.assign(id, slot);
    if (stream.connectsFull) return Promise.resolve(full);
    const { subprotocols } = request as { subprotocols?: readonly string[] };
    return new Promise((resolve) => {
      const settle = (answer: Authorization | HandshakeRefusal): void => {
        this.#waiting.get(id)?.cancel();
        this.#waiting.delete(id);
        resolve(answer);
      };
      const cancel = this.#clock.after(this.#timeoutMs, () =>
        settle(refuse(504, "authorize-timeout", "no origin answered within authorize-timeout")),
      );
      const at = this.#clock.now();
      reservation.askedAt = at;
      stream.appendConnect(["connect", id, { ...request, at, timeout: this.#timeoutMs }]);
      const item = stream.next;
      const offered = subprotocols ?? [];
      this.#waiting.set(id, { app, stream, item, offered, settle, cancel });
    });
  }

  /** Subprotocols that the waiting client offered; undefined if none waits under the id. */
  offered(app: HandshakeApp, id: string): readonly string[] | undefined {
    const waiting = this.#waiting.get(id);
    return waiting?.app === app ? waiting.offered : undefined;
  }

  /** The origin has answered. An invalid answer ends in 500. */
  settle(id: string, answer: AuthorizeReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    waiting.settle(typeof answer === "string" ? wrongAnswer(answer) : answer);
  }

  /** Open mode: a stream published these items, and the broker says that nobody subscribes. */
  noSubscribers(stream: EventStream, { first, count }: ItemRange): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.stream !== stream) continue;
      if (waiting.item <= first || waiting.item > first + count) continue;
      waiting.app.router.noteNoSubscribers(stream);
      waiting.settle(noOrigin);
    }
  }

  /** Refuses all that wait: the node is being shut down. */
  refuseAll(): void {
    for (const { settle } of [...this.#waiting.values()]) settle(draining);
  }
}

function wrongAnswer(code: ErrorCode): HandshakeRefusal {
  return refuse(500, code, "the origin's answer to this handshake is not valid");
}
