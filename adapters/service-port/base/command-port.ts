import type { Command } from "../../http-wire/mod.ts";

/** What became of a command, as a `reply` tells it; of several nodes in one. */
export type CommandResult = Readonly<Record<string, unknown>>;

/** Where the service port's commands go. */
export interface CommandPort {
  /** The apps whose connections can be named; the first if a request names none. */
  readonly apps: readonly string[];
  /** Whether commands can be sent now. */
  readonly ready: boolean;
  /** Whether a living node may have the connection of this id. */
  reaches(app: string, id: string): boolean;
  /**
   * Sends commands in order, and resolves when all are on their way. Rejects with `requests-full`
   * if too many bytes wait to be sent; then none is.
   */
  send(app: string, commands: readonly Command[]): Promise<void>;
  /**
   * Carries commands out in order, and resolves to what became of each: `unknown` if no node
   * answered in time. Rejects as `send` throws, before anything is sent.
   */
  run(app: string, commands: readonly Command[]): Promise<readonly CommandResult[]>;
}
