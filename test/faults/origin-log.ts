import { bunProgram, Program } from "../support/spawn.ts";

/** One event that was given to a handler of an origin. */
export interface Handled {
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
  readonly type: "open" | "message" | "close";
  readonly id: string;
  /** `seq` of a message, code of a close. */
  readonly number: number;
  /** Data of a message, cause of a close. */
  readonly rest: string;
}

const linePattern = /^([\d.]+) (open|message|close) (\S+) (\d+) ?(.*)$/;

const otherPattern = /^(\{|[\d.]+ (started|error) )/;

/** One process of an origin, from its start to its end, and what its handlers were given. */
export class OriginLife {
  readonly name: string;
  readonly program: Program;
  readonly handled: Handled[] = [];
  /** What it wrote beside events, errors that it was told of, and the library's own log. */
  readonly errors: string[] = [];
  #read = 0;

  constructor(name: string, broker: string, handlerMs: number) {
    this.name = name;
    const script = ["test/faults/origin-process.ts", broker, name, String(handlerMs)];
    this.program = new Program(bunProgram, script);
  }

  /** Resolves when it has announced itself. */
  async started(): Promise<void> {
    await this.program.line((line) => line.includes(" started ") || undefined, "its start");
  }

  /** Takes in what it has written since the last time. */
  read(): readonly Handled[] {
    const { lines } = this.program;
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]!;
      const match = linePattern.exec(line);
      if (match === null) {
        if (!otherPattern.test(line)) this.errors.push(line);
        continue;
      }
      const [, at, type, id = "", number, rest = ""] = match;
      this.handled.push({
        at: Number(at),
        type: type as Handled["type"],
        id,
        number: Number(number),
        rest,
      });
    }
    return this.handled;
  }
}
