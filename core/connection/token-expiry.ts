import { closeReasons, every } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";
import type { Connection } from "./connection.ts";

const second = 1_000;

/** Closes connections when their tokens expire, to the second: a set for each second. */
export class TokenExpiries {
  readonly #clock: Clock;
  readonly #due: Map<number, Set<Connection>> = new Map();
  #cancel: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds in which a token expires. */
  get size(): number {
    return this.#due.size;
  }

  start(): void {
    this.#cancel = every(this.#clock, second, () => this.tick());
  }

  stop(): void {
    this.#cancel();
  }

  /** Sets when the token expires, in milliseconds since the epoch; 0: never. */
  set(connection: Connection, expiresAt: number): void {
    this.forget(connection);
    connection.expiresAt = expiresAt;
    if (expiresAt === 0) return;
    const key = keyOf(expiresAt);
    const due = this.#due.get(key) ?? new Set();
    this.#due.set(key, due);
    due.add(connection);
  }

  forget(connection: Connection): void {
    if (connection.expiresAt === 0) return;
    const key = keyOf(connection.expiresAt);
    const due = this.#due.get(key);
    due?.delete(connection);
    if (due?.size === 0) this.#due.delete(key);
    connection.expiresAt = 0;
  }

  tick(): void {
    const now = this.#clock.now();
    for (const [key, due] of this.#due) {
      if (key * second > now) continue;
      this.#due.delete(key);
      for (const connection of due) {
        connection.expiresAt = 0;
        connection.close(closeReasons.tokenExpired);
      }
    }
  }
}

function keyOf(expiresAt: number): number {
  return Math.ceil(expiresAt / second);
}
