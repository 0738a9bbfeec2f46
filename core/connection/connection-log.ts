import type { CloseCause } from "../base/mod.ts";
import type { Logger, LogLevel } from "../ports/mod.ts";
import type { Connection } from "./connection.ts";

/** Writes a line for each connection that opens or closes. */
export class ConnectionLog {
  readonly #logger: Logger;
  readonly #level: LogLevel;

  constructor(logger: Logger, level: LogLevel) {
    this.#logger = logger;
    this.#level = level;
  }

  /** Whether lines are written. */
  get enabled(): boolean {
    return this.#logger.enabled(this.#level);
  }

  opened({ id, app, address, user }: Connection): void {
    if (!this.enabled) return;
    const fields = { connection: id, address, app: app.name, user };
    this.#logger.log(this.#level, "connection-opened", "a connection is open", fields);
  }

  closed(connection: Connection, closeCode: number, cause: CloseCause): void {
    if (!this.enabled) return;
    const { id: name, address, app, user } = connection;
    const fields = { connection: name, address, app: app.name, user, closeCode, cause };
    this.#logger.log(this.#level, "connection-closed", "a connection is closed", fields);
  }
}
