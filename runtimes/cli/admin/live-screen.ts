import process from "node:process";

/** The bytes of q, Q, Ctrl-C and Ctrl-D. */
const endingKeys: ReadonlySet<number> = new Set([0x71, 0x51, 3, 4]);

/** Shows lines on the whole terminal, again and again, until somebody presses q or Ctrl-C. */
export class LiveScreen {
  /** Resolves when it is to end. */
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  readonly #resized: () => void;
  readonly #typed: (chunk: Buffer) => void;
  #lines: readonly string[] = [];

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#resized = () => this.show(this.#lines);
    this.#typed = (chunk) => {
      if ([...chunk].some((key) => endingKeys.has(key))) this.#end();
    };
  }

  /** Takes the terminal: another screen, no cursor, keys at once. */
  open(): void {
    process.stdout.write("\u001b[?1049h\u001b[?25l");
    process.stdin.setRawMode(true);
    process.stdin.on("data", this.#typed);
    process.stdin.resume();
    process.stdout.on("resize", this.#resized);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, this.#end);
  }

  /** Shows as many lines as there is room for. */
  show(lines: readonly string[]): void {
    this.#lines = lines;
    const { rows = 24, columns = 80 } = process.stdout;
    const shown = lines.slice(0, rows - 1).map((line) => line.slice(0, columns));
    // Each line ends what stood there before: nothing flickers.
    process.stdout.write(`\u001b[H${shown.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    process.stdout.off("resize", this.#resized);
    process.stdin.off("data", this.#typed);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write("\u001b[?25h\u001b[?1049l");
  }
}
