import type { CloseCause, ErrorCode } from "../base/mod.ts";
import type { Logger, LogLevel } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { Connection } from "./connection.ts";

/** Counts and logs what becomes of connections. */
export class ConnectionLog {
  readonly #metrics: GatewayMetrics;
  readonly #logger: Logger;
  readonly #level: LogLevel;

  /** `level`: of the lines for connections that open or close. */
  constructor(metrics: GatewayMetrics, logger: Logger, level: LogLevel) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#level = level;
  }

  /** Whether connections that open or close are logged. */
  get enabled(): boolean {
    return this.#logger.enabled(this.#level);
  }

  opened({ id, app, address, user }: Connection): void {
    this.#metrics.opened.add(1);
    if (!this.enabled) return;
    const fields = { connection: id, address, app: app.name, user };
    this.#logger.log(this.#level, "connection-opened", "a connection is open", fields);
  }

  closed(connection: Connection, closeCode: number, cause: CloseCause): void {
    this.#metrics.closed(cause);
    if (!this.enabled) return;
    const { id: name, address, app, user } = connection;
    const fields = { connection: name, address, app: app.name, user, closeCode, cause };
    this.#logger.log(this.#level, "connection-closed", "a connection is closed", fields);
  }

  /** The client broke the WebSocket protocol, or a limit of it. */
  fault({ id }: Connection, code: ErrorCode): void {
    this.#metrics.error(code);
    const fields = { code, connection: id };
    this.#logger.log("debug", "client-fault", "a client broke the protocol", fields);
  }

  /** The gateway ends the connection because of an error. */
  ended({ id }: Connection, code: ErrorCode): void {
    this.#metrics.error(code);
    const fields = { code, connection: id };
    this.#logger.log("debug", "connection-ended", "the gateway closes a connection", fields);
  }
}
