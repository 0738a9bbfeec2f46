import type { Socket } from "node:net";
import { limits } from "../../core/base/mod.ts";

/** The requests of one connection that are not answered. */
interface Line {
  last: Promise<void>;
  waiting: number;
}

/**
 * Requests of one connection are carried out one after another, also where the client does not
 * wait for answers. Only those with safe methods may be carried out side by side (RFC 9112,
 * 9.3.2).
 */
export class Turns {
  readonly #lines: WeakMap<Socket, Line> = new WeakMap();

  /**
   * Calls `carryOut` when the connection's requests before it are answered, unless the connection
   * is gone by then. False if too many wait.
   */
  take(socket: Socket, carryOut: () => Promise<void>): boolean {
    const line = this.#lines.get(socket) ?? { last: Promise.resolve(), waiting: 0 };
    if (line.waiting >= limits.pipelinedRequestsMax) return false;
    this.#lines.set(socket, line);
    line.last = line.waiting === 0 ? carryOut() : line.last.then(() => inTurn(socket, carryOut));
    line.waiting++;
    void line.last.then(() => line.waiting--);
    return true;
  }
}

function inTurn(socket: Socket, carryOut: () => Promise<void>): Promise<void> | undefined {
  return socket.destroyed ? undefined : carryOut();
}
