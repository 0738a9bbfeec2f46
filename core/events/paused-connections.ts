import type { Connection } from "../connection/mod.ts";

/** Connections that are not read, because the window of their stream is full. */
export class PausedConnections {
  readonly #paused: Set<Connection> = new Set();

  get size(): number {
    return this.#paused.size;
  }

  /** Pauses a connection; false if its runtime cannot. */
  pause(connection: Connection): boolean {
    if (!connection.socket.pause()) return false;
    connection.paused = true;
    this.#paused.add(connection);
    return true;
  }

  /** A connection is closed or moved: it is not resumed any more. */
  forget(connection: Connection): void {
    if (!connection.paused) return;
    connection.paused = false;
    this.#paused.delete(connection);
  }

  /** The window has room again: resumes all. */
  resume(): void {
    for (const { closing, socket } of this.take()) if (closing === undefined) socket.resume();
  }

  /** Removes all of them, and returns them as they are. */
  take(): Connection[] {
    const connections = [...this.#paused];
    this.#paused.clear();
    for (const connection of connections) connection.paused = false;
    return connections;
  }
}
