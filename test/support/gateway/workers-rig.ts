import assert from "node:assert/strict";
import { type Connection, connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { type Handshake, RawClient } from "../clients/raw-client.ts";
import { waitFor } from "../process/wait.ts";
import type { GatewayProcess, Started } from "./gateway.ts";

type Gateway = GatewayProcess & { readonly info: Started };

export interface Visitor {
  readonly client: RawClient;
  readonly connection: Connection;
}

/** How the origin saw a connection end. */
export interface Ending {
  readonly id: string;
  readonly code: number;
  readonly cause: string;
}

/** One start of a worker, by its log line. */
export interface WorkerStart {
  readonly worker: number;
  readonly node: string;
  readonly pid: number;
}

/** A node of several workers, an origin that echoes, and clients. */
export class WorkersRig {
  readonly gateway: Gateway;
  readonly origin: Origin;
  readonly visitors: Visitor[] = [];
  readonly endings: Ending[] = [];
  /** How clients enter. */
  handshake: Handshake = {};
  /** What clients write before it. */
  preface = "";
  readonly #opened: Connection[] = [];

  private constructor(gateway: Gateway, origin: Origin) {
    this.gateway = gateway;
    this.origin = origin;
    origin.on("open", ({ connection }) => void this.#opened.push(connection));
    origin.on("message", ({ connection, data }) => connection.send(data));
    origin.on("close", ({ connection, code, cause }) => {
      this.endings.push({ id: connection.id, code, cause });
    });
  }

  /** Connects an origin to the gateway's broker; the caller ends the gateway. */
  static async over(gateway: Gateway): Promise<WorkersRig> {
    const { brokerPort } = gateway.info;
    const origin = await connectOrigin({ broker: `mqtt://127.0.0.1:${brokerPort}`, version: "4" });
    const rig = new WorkersRig(gateway, origin);
    await waitFor(() => {
      const joined = gateway.log.filter(({ event }) => event === "origin-joined");
      return new Set(joined.map(({ worker }) => worker)).size === Number(gateway.info.workers);
    });
    return rig;
  }

  async enter(): Promise<Visitor> {
    const client = await RawClient.connect(this.gateway.info.port);
    client.write(this.preface);
    await client.upgrade(this.handshake);
    const connection = await waitFor(() => this.#opened.shift(), { what: "open" });
    const visitor = { client, connection };
    this.visitors.push(visitor);
    return visitor;
  }

  /** Clients, until each of these nodes has so many of them: the system chooses the node. */
  async fill(count: number, ...nodes: readonly string[]): Promise<void> {
    const isFull = (node: string): boolean => this.of(node).length >= count;
    for (let tries = 0; !nodes.every(isFull); tries++) {
      assert.ok(tries < 200, `${nodes} get no connections: ${this.visitors.map(nodeOf)}`);
      await this.enter();
    }
  }

  of(node: string): readonly Visitor[] {
    return this.visitors.filter((visitor) => nodeOf(visitor) === node);
  }

  /** Each of them sends a message and gets it back. */
  async echo(visitors: readonly Visitor[]): Promise<void> {
    for (const { client, connection } of visitors) client.text(`to ${connection.id}`);
    for (const { client, connection } of visitors) {
      assert.equal(await client.nextText(), `to ${connection.id}`);
    }
  }

  /** Every start of a worker so far, in their order. */
  starts(worker: number): WorkerStart[] {
    const lines = this.gateway.log.filter(({ event }) => event === "worker-started");
    return (lines as unknown as WorkerStart[]).filter((line) => line.worker === worker);
  }

  /** The process that a worker has now. */
  pidOf(worker: number): number {
    return this.starts(worker).at(-1)?.pid ?? assert.fail(`worker ${worker} never started`);
  }

  /** Waits until a worker has started so many times. */
  async started(worker: number, times: number): Promise<void> {
    await waitFor(() => this.starts(worker).length >= times, {
      what: `start ${times} of worker ${worker}`,
    });
  }

  /** Log lines with this event. */
  lines(event: string): Record<string, unknown>[] {
    return this.gateway.log.filter((line) => line.event === event);
  }

  /** Values at the admin port, by series. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await this.admin("/metrics")).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  admin(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.gateway.info.adminPort}${path}`);
  }

  /** Its clients leave, and it ends: with this exit code. */
  async end(): Promise<number | null> {
    for (const { client } of this.visitors) client.destroy();
    return (await this.gateway.stop()).code;
  }

  async stop(): Promise<void> {
    for (const { client } of this.visitors) client.destroy();
    await this.origin.close();
  }
}

export function nodeOf({ connection }: Visitor): string {
  return connection.id.slice(0, connection.id.indexOf("."));
}
