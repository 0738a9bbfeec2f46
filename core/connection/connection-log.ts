import type { CloseCause, ErrorCode } from "../base/mod.ts";
import type {
  ConnectionGrant,
  HandshakeAdmission,
  LogFields,
  Logger,
  LogLevel,
} from "../ports/mod.ts";
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

  /** Whether connections that open or close are logged, or the errors that end them. */
  get enabled(): boolean {
    return this.#logger.enabled(this.#level, "connection-closed") || this.#logsFaults;
  }

  get #logsFaults(): boolean {
    return this.#logger.enabled("debug", "client-fault");
  }

  opened(connection: Connection): void {
    this.#metrics.opened.add(1);
    if (!this.enabled) return;
    const message = "a connection is open";
    this.#logger.log(this.#level, "connection-opened", message, fieldsOf(connection));
  }

  /** A handshake was accepted, and no connection came of it; `known`: its id and grant. */
  abandoned(
    { app, info }: HandshakeAdmission,
    code: ErrorCode,
    known?: { readonly id: string; readonly grant: ConnectionGrant },
  ): void {
    this.#metrics.error(code);
    if (!this.#logger.enabled(this.#level, "connection-abandoned")) return;
    const text = (value: unknown): string | undefined =>
      typeof value === "string" ? value : undefined;
    const [address, path] = [text(info.ip), text(info.path)];
    const who = { connection: known?.id, address, path, app, user: known?.grant.user };
    const message = "a handshake was accepted, and no connection came of it";
    this.#logger.log(this.#level, "connection-abandoned", message, { ...who, code });
  }

  closed(connection: Connection, closeCode: number, cause: CloseCause): void {
    this.#metrics.closed(cause);
    if (!this.enabled) return;
    const { errorCode: code, closedBy: by } = connection;
    const fields = { ...fieldsOf(connection), closeCode, cause, code };
    const all = by === undefined ? fields : { ...fields, by };
    this.#logger.log(this.#level, "connection-closed", "a connection is closed", all);
  }

  /** The client broke the WebSocket protocol, or a limit of it. */
  fault(connection: Connection, code: ErrorCode): void {
    this.#metrics.error(code);
    if (!this.#logsFaults) return;
    const fields = { code, ...fieldsOf(connection) };
    this.#logger.log("debug", "client-fault", "a client broke the protocol", fields);
  }

  /** The gateway ends the connection because of an error. */
  ended(connection: Connection, code: ErrorCode): void {
    this.#metrics.error(code);
    if (!this.#logger.enabled("debug", "connection-ended")) return;
    const fields = { code, ...fieldsOf(connection) };
    this.#logger.log("debug", "connection-ended", "the gateway closes a connection", fields);
  }
}

/** Who it is. A connection from before a reload of the log's levels may lack address and path. */
function fieldsOf({ id, app, address, path, user }: Connection): LogFields {
  const known = { address: address || undefined, path: path || undefined };
  return { connection: id, ...known, app: app.name, user };
}
