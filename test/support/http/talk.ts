import assert from "node:assert/strict";
import { RawClient } from "../clients/raw-client.ts";

/** A client that numbers what it says, and keeps what comes back. */
export class NumberedClient {
  readonly client: RawClient;
  /** Numbers of echoes, in the order in which they came. */
  readonly received: number[] = [];
  said = 0;
  closed = false;

  private constructor(client: RawClient) {
    this.client = client;
    void this.#listen();
  }

  static async open(port: number): Promise<NumberedClient> {
    return new NumberedClient(await RawClient.open(port));
  }

  say(): void {
    this.client.text(String(this.said++));
  }

  /** Every number came, and each for the first time in order. What is repeated may come twice. */
  check(name: string): void {
    const first = [...new Set(this.received)];
    const all = Array.from({ length: this.said }, (_, number) => number);
    assert.deepEqual(first, all, `${name}: lost or in another order`);
  }

  get complete(): boolean {
    return new Set(this.received).size === this.said;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) this.received.push(Number(await this.client.nextText()));
    } catch {
      this.closed = true;
    }
  }
}

/**
 * Items of each connection as an HTTP origin told them: `seq` shows repeats. Throws where
 * one comes before another that has a lower number and had not come.
 */
export function checkOrder(items: readonly (readonly unknown[])[]): void {
  const next = new Map<string, number>();
  for (const [verb, id, seq] of items) {
    if (verb !== "open" && verb !== "message" && verb !== "close") continue;
    if (typeof id !== "string" || typeof seq !== "number") continue;
    const due = next.get(id) ?? 0;
    assert.ok(seq <= due, `${id}: ${verb} ${seq} came where ${due} was due`);
    if (seq === due) next.set(id, due + 1);
  }
}
