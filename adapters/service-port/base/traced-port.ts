import { parseTraceparent } from "../../../core/base/mod.ts";
import type { Command } from "../../http-wire/mod.ts";
import type { CommandPort, CommandResult } from "./command-port.ts";
import type { ServiceContext } from "./context.ts";

/** The port for one request: its commands belong to the trace that its `traceparent` names. */
export function portFor(port: CommandPort, context: ServiceContext): CommandPort {
  const trace = context.req.header("traceparent");
  return parseTraceparent(trace) === undefined ? port : new TracedPort(port, trace as string);
}

class TracedPort implements CommandPort {
  readonly #port: CommandPort;
  readonly #trace: string;

  constructor(port: CommandPort, trace: string) {
    this.#port = port;
    this.#trace = trace;
  }

  get apps(): readonly string[] {
    return this.#port.apps;
  }

  get ready(): boolean {
    return this.#port.ready;
  }

  reaches(app: string, id: string): boolean {
    return this.#port.reaches(app, id);
  }

  send(app: string, commands: readonly Command[]): Promise<void> {
    return this.#port.send(app, this.#traced(commands));
  }

  run(app: string, commands: readonly Command[]): Promise<readonly CommandResult[]> {
    return this.#port.run(app, this.#traced(commands));
  }

  /** A command may name another trace. */
  #traced(commands: readonly Command[]): Command[] {
    const trace = this.#trace;
    return commands.map((command) => ({ ...command, options: { trace, ...command.options } }));
  }
}
