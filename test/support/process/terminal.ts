import { after } from "node:test";
import { Program, type SpawnOptions, skipWithout } from "./spawn.ts";
import { waitFor } from "./wait.ts";

/** For a test's `skip`: false where there is what a `Terminal` needs. */
export const skipWithoutTerminal: string | false = skipWithout("python3");

/** Runs a program on a pseudo-terminal of 24 by 100. What is typed and shown are JSON texts. */
const script = `
import fcntl, json, os, pty, select, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
typed = b""
sources = [terminal, 0]
while True:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if source == terminal:
            if not data:
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                sys.exit(code if code >= 0 else 128 - code)
            print(json.dumps(data.decode("utf8", "replace")), flush=True)
        elif not data:
            sources = [terminal]
        else:
            *lines, typed = (typed + data).split(b"\\n")
            for line in lines:
                os.write(terminal, json.loads(line).encode())
`;

/** A program on a terminal of its own, as a person has it. */
export class Terminal {
  readonly #program: Program;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    const words = ["-c", script, command, ...args];
    const env = { TERM: "xterm", ...options.env };
    this.#program = new Program("python3", words, { ...options, env, reads: true });
    after(() => this.#program[Symbol.asyncDispose]());
  }

  get exited(): Program["exited"] {
    return this.#program.exited;
  }

  /** Everything that was written to it so far, with what steers it. */
  get raw(): string {
    return this.#program.lines
      .map((line) => (line.startsWith('"') ? JSON.parse(line) : line))
      .join("");
  }

  /** The same without what steers it. */
  get text(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return this.raw.replaceAll(/\x1b(\[[0-9;?]*[A-Za-z]|[()][0-9A-B]|[=>78])/g, "");
  }

  type(text: string): void {
    this.#program.write(JSON.stringify(text));
  }

  /** Waits until it shows something, in all that it has shown. */
  async shows(pattern: RegExp): Promise<void> {
    await waitFor(
      () => {
        if (pattern.test(this.text)) return true;
        this.#program.mustRun(String(pattern));
        return false;
      },
      { what: `${pattern} on the terminal` },
    ).catch((error) => {
      throw new Error(`${error.message}\n${this.text}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
