import process from "node:process";
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { type ClientEnd, WebSocketClient } from "../../../adapters/websocket-client/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import { closeCodeAllowed } from "../../../core/websocket/mod.ts";
import { ExitCode } from "../command/mod.ts";
import { fromHex, jsonPrinter, type Lines, type Printer, plainPrinter } from "./printer.ts";

export interface SessionOptions {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subprotocols: readonly string[];
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  /** Messages to send. If there are none, they are read from the standard input. */
  readonly execute: readonly string[];
  /** What is sent is written in hexadecimal digits. */
  readonly binary: boolean;
  /** From the last message that is sent to the end. */
  readonly waitMs: number;
  /** It ends after so many messages; 0: it does not. */
  readonly count: number;
  /** Lines that begin with `/ping` and `/close` are commands. */
  readonly slash: boolean;
  readonly json: boolean;
}

/** So many bytes may wait in this process before no more lines are read. */
const bufferedBytesMax = 1_048_576;

/**
 * Connects to a server, sends and prints until either side ends. Resolves to an exit code: 0 if we
 * have ended it, or the server with code 1000. Rejects with the errors of `WebSocketClient`.
 */
export async function runSession(address: string, options: SessionOptions): Promise<number> {
  const first = options.execute.map((text) => dataOf(text, options.binary));
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const interactive = isTerminal && first.length === 0 && !options.json;
  const session = new Session(options, interactive);
  await session.connect(address);
  if (first.length > 0) session.execute(first);
  else session.readInput();
  const end = await session.ended;
  const enough = options.count === 0 || session.received >= options.count;
  return (end.byUs || end.code === 1000) && enough ? ExitCode.clean : ExitCode.failure;
}

class Session {
  readonly ended: Promise<ClientEnd>;
  received = 0;
  readonly #options: SessionOptions;
  readonly #interactive: boolean;
  readonly #printer: Printer;
  #client!: WebSocketClient;
  #input: Interface | undefined;
  #resolve!: (end: ClientEnd) => void;
  #timer: NodeJS.Timeout | undefined;
  #failure: ServiceError | undefined;

  constructor(options: SessionOptions, interactive: boolean) {
    this.#options = options;
    this.#interactive = interactive;
    const lines: Lines = {
      message: (line) => this.#print(process.stdout, line),
      note: (line) => this.#print(interactive ? process.stdout : process.stderr, line),
    };
    this.#printer = options.json
      ? jsonPrinter(lines)
      : plainPrinter(lines, process.stdout.isTTY === true);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = (end) => (this.#failure ? reject(this.#failure) : resolve(end));
    });
  }

  async connect(address: string): Promise<void> {
    const { headers, subprotocols, ca, timeoutMs } = this.#options;
    this.#client = await WebSocketClient.connect(
      address,
      { headers, subprotocols, ca, timeoutMs },
      {
        text: (text) => this.#received(() => this.#printer.text(text)),
        binary: (bytes) => this.#received(() => this.#printer.binary(bytes)),
        ping: (payload) => this.#printer.ping(payload),
        pong: (payload) => this.#printer.pong(payload),
        closed: (end) => this.#closed(end),
      },
    );
    const interrupt = (): void => this.#interrupt();
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    // Whoever reads our output has gone, such as `head`.
    process.stdout.on("error", interrupt);
    this.#printer.opened(this.#client.subprotocol);
  }

  execute(messages: readonly (string | Uint8Array)[]): void {
    for (const message of messages) this.#client.send(message);
    this.#endAfterWait();
  }

  /** Sends each line of the standard input. */
  readInput(): void {
    const input = createInterface({
      input: process.stdin,
      ...(this.#interactive ? { output: process.stdout, terminal: true, prompt: "> " } : {}),
    });
    this.#input = input;
    input.on("line", (line) => {
      this.#line(line);
      if (this.#interactive) input.prompt();
    });
    input.on("SIGINT", () => this.#interrupt());
    input.on("close", () => {
      if (this.#interactive) this.#client.close();
      else this.#endAfterWait();
    });
    if (this.#interactive) input.prompt();
  }

  #line(line: string): void {
    try {
      if (this.#options.slash && this.#command(line)) return;
      this.#client.send(dataOf(line, this.#options.binary));
    } catch (error) {
      this.#refused(error as ServiceError);
    }
    if (this.#client.bufferedAmount <= bufferedBytesMax) return;
    this.#input?.pause();
    void this.#client.drained().then(() => this.#input?.resume());
  }

  /** A line that cannot be sent: a person types another one, a program has to be told. */
  #refused(error: ServiceError): void {
    if (this.#interactive) {
      this.#print(process.stdout, error.message);
      return;
    }
    this.#failure = error;
    this.#client.close();
  }

  /**
   * `/ping [TEXT]` and `/close [CODE [REASON]]`. False if the line is none of them. Throws
   * `setting-invalid` for a code that must not be sent.
   */
  #command(line: string): boolean {
    const [, name, rest = ""] = /^\/(ping|close)(?: (.*))?$/s.exec(line) ?? [];
    if (name === "ping") this.#client.ping(Buffer.from(rest).subarray(0, 125));
    if (name !== "close") return name === "ping";
    const [, code = "1000", reason = ""] = /^(\d{4})? ?(.*)$/s.exec(rest) ?? [];
    if (!closeCodeAllowed(Number(code))) {
      throw new ServiceError("setting-invalid", `close code ${code} must not be sent`);
    }
    this.#client.close(Number(code), reason);
    return true;
  }

  #received(print: () => void): void {
    const { count } = this.#options;
    if (count > 0 && this.received >= count) return;
    this.received += 1;
    print();
    if (this.received === count) this.#client.close();
  }

  #endAfterWait(): void {
    const end = (): void => void this.#client.drained().then(() => this.#client.close());
    this.#timer = setTimeout(end, this.#options.waitMs);
  }

  /** The second time ends at once. */
  #interrupt(): void {
    process.on("SIGINT", () => process.exit(ExitCode.failure));
    this.#client.close();
  }

  #closed(end: ClientEnd): void {
    clearTimeout(this.#timer);
    this.#input?.removeAllListeners("close");
    this.#input?.close();
    this.#input = undefined;
    this.#printer.closed(end);
    this.#resolve(end);
  }

  /** On a terminal, above the line that is being typed. */
  #print(stream: NodeJS.WriteStream, line: string): void {
    const typing = this.#interactive && this.#input !== undefined;
    if (this.#interactive) {
      cursorTo(stream, 0);
      clearLine(stream, 0);
    }
    const wrote = stream.write(`${line}\n`);
    if (typing) this.#input?.prompt(true);
    if (wrote) return;
    // What is not printed yet bounds what is read.
    this.#client?.pause();
    stream.once("drain", () => this.#client.resume());
  }
}

/** What is sent for a line. Throws `setting-invalid`. */
function dataOf(line: string, binary: boolean): string | Uint8Array {
  if (!binary) return line;
  const bytes = fromHex(line);
  if (bytes !== undefined) return bytes;
  throw new ServiceError(
    "setting-invalid",
    "a binary message is hexadecimal digits, such as 0aff",
  );
}
