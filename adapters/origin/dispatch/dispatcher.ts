import { closeReasons, ServiceError } from "../../../core/base/mod.ts";
import type { BatchRecord } from "../../../core/streams/mod.ts";
import {
  checkHandler,
  type OriginEvent,
  type OriginEvents,
  type OriginHandler,
} from "../base/mod.ts";
import type { OriginConnection, WaitingEvent } from "../connections/mod.ts";
import { EventQueue, WaitingBudget } from "./event-queue.ts";

type AnyHandler = OriginHandler<never>;

/**
 * Hands events to handlers and iterators: those of one connection one after another, those of
 * different connections side by side. What waits is bounded; past the bound the connection is
 * closed and `error` tells it.
 */
export class Dispatcher {
  readonly #handlers: { [Name in keyof OriginEvents]: Set<AnyHandler> } = {
    open: new Set(),
    assigned: new Set(),
    message: new Set(),
    close: new Set(),
    alive: new Set(),
    error: new Set(),
  };
  /** Iterators that have begun. */
  readonly #queues: Set<EventQueue> = new Set();
  #ended = false;
  readonly #budget: WaitingBudget = new WaitingBudget();

  on<Name extends keyof OriginEvents>(
    name: Name,
    handler: OriginHandler<OriginEvents[Name]>,
  ): () => void {
    if (!Object.hasOwn(this.#handlers, name)) {
      const names = Object.keys(this.#handlers).join(", ");
      throw new TypeError(`there is no event ${String(name)}, only ${names}`);
    }
    checkHandler(handler);
    const handlers = this.#handlers[name];
    handlers.add(handler as AnyHandler);
    return () => handlers.delete(handler as AnyHandler);
  }

  /** A new iterator over all events from its first `next` on. */
  events(): EventQueue {
    const begun = (queue: EventQueue): boolean => {
      if (!this.#ended) this.#queues.add(queue);
      return !this.#ended;
    };
    return new EventQueue(this.#budget, begun, (queue) => this.#queues.delete(queue));
  }

  /** Ends every iterator once it has given what it holds; one that begins later at once. */
  end(): void {
    this.#ended = true;
    for (const queue of this.#queues) queue.end();
  }

  /**
   * An event of a connection. `record` is that of a batch which is acknowledged when all its
   * events are handled; then the nodes' windows bound what waits.
   */
  dispatch(connection: OriginConnection, event: OriginEvent, record?: BatchRecord): void {
    const bounded = record !== undefined || event.type !== "message";
    if (!bounded && !this.#admits(connection, event)) return;
    for (const queue of this.#queues) queue.push(event, record);
    if (connection.waiting !== undefined) {
      if (record !== undefined) record.pending++;
      connection.waiting.push({ event, record });
      this.#budget.add(event);
      return;
    }
    const pending = this.#call(event);
    if (pending === undefined) return;
    if (record !== undefined) record.pending++;
    this.#await(connection, pending, record);
  }

  /** An event that came before: its batch counts as handled when the events before it are. */
  again({ waiting }: Pick<OriginConnection, "waiting">, record: BatchRecord | undefined): void {
    if (record === undefined) return;
    for (const queue of this.#queues) queue.again(record);
    if (waiting === undefined) return;
    const last = waiting.at(-1);
    if (last !== undefined && last.event === undefined) {
      if (last.record === record) return;
      // The stream is over, so no node waits for its acknowledgement.
      if (last.record?.stream !== record.stream) waiting.pop();
    }
    record.pending++;
    waiting.push({ event: undefined, record });
  }

  /** Dispatches an event that belongs to no single connection. */
  dispatchUnbound(event: OriginEvent): void {
    for (const queue of this.#queues) queue.push(event);
    this.#call(event);
  }

  /** Tells an error. Without a handler for `error` it goes to the standard error. */
  failed(error: Error): void {
    const handlers = this.#handlers.error;
    if (handlers.size === 0) console.error(`websocket-service origin: ${String(error)}`);
    for (const handler of handlers) {
      try {
        const result: unknown = handler({ type: "error", error } as never);
        if (isPromise(result)) result.catch((cause) => console.error(cause));
      } catch (cause) {
        console.error(cause);
      }
    }
  }

  /** Whether a message may wait or be handled; otherwise its connection is closed. */
  #admits(connection: OriginConnection, event: OriginEvent): boolean {
    if (connection.overloaded) return false;
    if (this.#queues.size === 0 && connection.waiting === undefined) return true;
    if (this.#budget.admits(event)) return true;
    connection.overloaded = true;
    const { closeCode, text } = closeReasons.windowFull;
    connection.close(closeCode, text);
    const message = `too many events wait for handlers: ${connection.id} is being closed`;
    this.failed(new ServiceError("window-full", message));
    return false;
  }

  #await(
    connection: OriginConnection,
    pending: Promise<unknown>,
    first: BatchRecord | undefined,
  ): void {
    const waiting: WaitingEvent[] = [];
    connection.waiting = waiting;
    let record = first;
    const next = (): void => {
      for (;;) {
        record?.stream.settle(record);
        const held = waiting.shift();
        if (held === undefined) {
          connection.waiting = undefined;
          return;
        }
        const { event } = held;
        record = held.record;
        if (event === undefined) continue;
        this.#budget.remove(event);
        const again = this.#call(event);
        if (again !== undefined) {
          again.then(next);
          return;
        }
      }
    };
    pending.then(next);
  }

  /** Calls the handlers; a promise, which never rejects if any of them is async. */
  #call(event: OriginEvent): Promise<unknown> | undefined {
    let pending: Promise<unknown> | undefined;
    for (const handler of this.#handlers[event.type]) {
      try {
        const result: unknown = handler(event as never);
        if (!isPromise(result)) continue;
        const handled = result.catch((error: Error) => this.failed(error));
        // Nearly always there is one handler.
        pending = pending === undefined ? handled : Promise.all([pending, handled]);
      } catch (error) {
        this.failed(error as Error);
      }
    }
    return pending;
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
