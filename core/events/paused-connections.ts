import type { Connection } from "../connection/mod.ts";

/**
 * Connections that are not read: because the window of their stream is full, or because so many
 * events of their own wait.
 */
export class PausedConnections {
  readonly #byWindow: Set<Connection> = new Set();
  readonly #byShare: Set<Connection> = new Set();

  get size(): number {
    return this.#byWindow.size + this.#byShare.size;
  }

  /** Pauses a connection; false if its runtime cannot. */
  pause(connection: Connection, why: "window" | "share"): boolean {
    if (!connection.socket.pause()) return false;
    connection.paused = true;
    (why === "window" ? this.#byWindow : this.#byShare).add(connection);
    return true;
  }

  /** A connection is closed or moved: it is not resumed any more. */
  forget(connection: Connection): void {
    if (!connection.paused) return;
    connection.paused = false;
    this.#byWindow.delete(connection);
    this.#byShare.delete(connection);
  }

  /** The window has room again: resumes those that it stopped. */
  resume(): void {
    const connections = [...this.#byWindow];
    this.#byWindow.clear();
    for (const connection of connections) this.#resume(connection);
  }

  /** Resumes those of which enough is handled. */
  resumeHandled(isHandled: (connection: Connection) => boolean): void {
    for (const connection of this.#byShare) {
      if (!isHandled(connection)) continue;
      this.#byShare.delete(connection);
      this.#resume(connection);
    }
  }

  /** Removes all of them, and returns them as they are. */
  take(): Connection[] {
    const connections = [...this.#byWindow, ...this.#byShare];
    this.#byWindow.clear();
    this.#byShare.clear();
    for (const connection of connections) connection.paused = false;
    return connections;
  }

  #resume(connection: Connection): void {
    connection.paused = false;
    if (connection.closing === undefined) connection.socket.resume();
  }
}
