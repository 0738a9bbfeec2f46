import { bunProgram, Program } from "../process/spawn.ts";

/** A request as the HTTP origin wrote it. */
export interface ToldRequest {
  readonly stream: string | null;
  readonly signed: boolean;
  readonly items: readonly (readonly unknown[])[];
}

/** An HTTP origin in the form `batch` in a process of its own. */
export class BatchServer implements AsyncDisposable {
  readonly #program: Program;
  readonly port: number;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
  }

  static async start(port: number = 0, mode: string = ""): Promise<BatchServer> {
    const words = ["test/support/http/batch-server-main.ts", String(port), mode];
    const program = new Program(bunProgram, words);
    const started = await program.line((line) => {
      const told = line.startsWith("{") ? JSON.parse(line) : undefined;
      return told?.event === "started" ? (told as { port: number }) : undefined;
    }, "the port of an HTTP origin");
    return new BatchServer(program, started.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/events`;
  }

  get requests(): ToldRequest[] {
    const lines = this.#program.lines.filter((line) => line.startsWith('{"event":"request"'));
    return lines.map((line) => JSON.parse(line) as ToldRequest);
  }

  /** Every item that was handled, in order. */
  get items(): (readonly unknown[])[] {
    return this.requests.flatMap(({ items }) => items);
  }

  itemsOf(verb: string): (readonly unknown[])[] {
    return this.items.filter(([one]) => one === verb);
  }

  kill(signal: NodeJS.Signals): void {
    this.#program.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
