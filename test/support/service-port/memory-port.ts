import type { Command } from "../../../adapters/http-wire/mod.ts";
import type { CommandPort, CommandResult } from "../../../adapters/service-port/mod.ts";
import { nodeOf } from "../../../core/base/mod.ts";

/** A connection as `MemoryPort` has it. */
export interface MemoryConnection {
  readonly got: (string | Uint8Array)[];
  closed?: readonly [code: number, reason: string];
  /** What becomes of a message to it; `sent` where nothing is given. */
  outcome?: string;
  /** Its last message did not fit, and it is being closed. */
  closing?: boolean;
}

/** A command port over connections in memory: those of one node, which lives. */
export class MemoryPort implements CommandPort {
  readonly apps: readonly string[] = ["default", "chat"];
  ready = true;
  readonly connections: Map<string, MemoryConnection> = new Map();
  /** The app of each call, and its commands. */
  readonly calls: (readonly [app: string, commands: readonly Command[]])[] = [];
  readonly #node: string;

  constructor(node: string) {
    this.#node = node;
  }

  /** Opens a connection, and returns its id. */
  open(rest: string, connection: Partial<MemoryConnection> = {}): string {
    const id = `${this.#node}.${rest}`;
    this.connections.set(id, { got: [], ...connection });
    return id;
  }

  reaches(_app: string, id: string): boolean {
    return nodeOf(id) === this.#node;
  }

  async send(app: string, commands: readonly Command[]): Promise<void> {
    this.calls.push([app, commands]);
    for (const command of commands) this.#carryOut(command);
  }

  async run(app: string, commands: readonly Command[]): Promise<readonly CommandResult[]> {
    this.calls.push([app, commands]);
    return commands.map((command) => this.#carryOut(command));
  }

  #carryOut(command: Command): CommandResult {
    switch (command.verb) {
      case "send":
        return this.#each(command.ids, (one) => {
          one.got.push(command.data);
          return one.outcome ?? "sent";
        });
      case "close":
        return this.#each(command.ids, (one) => {
          one.closed = [command.closeCode, command.closeReason];
          return "closed";
        });
      case "query":
        return this.#query(typeof command.subject === "string" ? [] : command.subject);
      default:
        return {};
    }
  }

  #each(
    ids: readonly string[],
    carryOut: (connection: MemoryConnection) => string,
  ): CommandResult {
    const outcomes = ids.map((id) => {
      const connection = this.connections.get(id);
      return [id, connection === undefined ? "gone" : carryOut(connection)];
    });
    return Object.fromEntries(outcomes);
  }

  #query(ids: readonly string[]): CommandResult {
    const listed = ids.flatMap((id) => {
      const one = this.connections.get(id);
      if (one === undefined) return [];
      const info = { ip: "192.0.2.7", headers: { "user-agent": "test/1" } };
      return [{ id, at: 1_000, activeAt: 2_500, info, ...(one.closing && { closing: true }) }];
    });
    const gone = ids.filter((id) => !this.connections.has(id));
    return { count: listed.length, connections: listed, gone, missing: [] };
  }
}
