import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import type { Notice, Order } from "../../../runtimes/workers/messages.ts";

/** A worker's process that does what a test says. */
export class FakeChild extends EventEmitter {
  readonly pid: number | undefined;
  connected = true;
  readonly orders: Order[] = [];
  readonly signals: string[] = [];

  constructor(pid: number | undefined) {
    super();
    this.pid = pid;
  }

  send(order: Order): void {
    this.orders.push(order);
  }

  kill(signal: string): void {
    this.signals.push(signal);
  }

  tell(notice: Notice): void {
    this.emit("message", notice);
  }

  /** It starts as a worker does. */
  serve(port: number = 1): void {
    this.tell({ kind: "ready" });
    this.tell({ kind: "started", port });
  }

  end(code: number | null, signal: string | null = null): void {
    this.connected = false;
    this.emit("exit", code, signal);
  }

  get asChild(): ChildProcess {
    return this as unknown as ChildProcess;
  }
}
