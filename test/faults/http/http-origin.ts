import { bunProgram, Program } from "../../support/process/spawn.ts";

export type Manner = "well" | "slow" | "flapping";

/** An HTTP origin, and all its lives: each takes the port of the one before it. */
export class HttpOriginPlace implements AsyncDisposable {
  readonly #lives: Program[] = [];
  #port = 0;

  static async start(manner: Manner = "well"): Promise<HttpOriginPlace> {
    const place = new HttpOriginPlace();
    await place.begin(manner);
    return place;
  }

  /** For one that calls it, which stands in the path. */
  urlFor(caller: string): string {
    return `http://127.0.0.1:${this.#port}/${caller}`;
  }

  /** `LABEL NUMBER FROM` of each message that was handled, in order, in all lives. */
  get messages(): string[] {
    return this.#told("message ");
  }

  /** `ID CODE CAUSE` of each end that was told. */
  get closes(): string[] {
    return this.#told("close ");
  }

  async begin(manner: Manner = "well"): Promise<void> {
    const words = ["test/faults/http/http-origin-process.ts", String(this.#port), manner];
    const program = new Program(bunProgram, words);
    this.#lives.push(program);
    const port = await program.line((line) => /^started (\d+)$/.exec(line)?.[1], "its port");
    this.#port = Number(port);
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#lives.at(-1)?.[Symbol.asyncDispose]();
  }

  signal(signal: NodeJS.Signals): void {
    this.#lives.at(-1)?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const life of this.#lives) await life[Symbol.asyncDispose]();
  }

  #told(start: string): string[] {
    const lines = this.#lives.flatMap(({ lines }) => lines);
    return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  }
}
