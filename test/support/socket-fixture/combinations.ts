import { RawClient } from "../clients/raw-client.ts";
import { bunProgram, denoProgram, nodeProgram, Program } from "../process/spawn.ts";
import { within } from "../process/wait.ts";
import type { FixtureOptions } from "./start.ts";

/** What a runtime's own server lacks. Each gap is asserted, so that we notice when it goes. */
export interface Capabilities {
  /** Reading can be paused. */
  readonly pause: boolean;
  /** permessage-deflate. */
  readonly deflate: boolean;
  /** A compressed message that was cut is refused (RFC 7692, 7.2.2). */
  readonly refusesCutDeflate: boolean;
  /** Blocks behind a final block belong to the message (RFC 7692, 7.2.3.4). */
  readonly readsFinalBlocks: boolean;
  /** We can ping, and pings and pongs of the client are told. */
  readonly ping: boolean;
  /** The TCP stream can be cut. */
  readonly terminate: boolean;
  /** An unmasked frame is refused (RFC 6455, 5.1). */
  readonly refusesUnmasked: boolean;
  /** Headers past 64 KiB get our 431 (`ours`), or what the runtime answers by itself. */
  readonly hugeHead: "ours" | 431 | 400;
  /** What the runtime answers by itself to a bad request; 101 where it takes one (a gap). */
  readonly ownAnswers: Readonly<Record<string, number>>;
  /** What a client goes on sending after a fault or its own close is not read without a limit. */
  readonly boundsClosing: boolean;
  /** Frames that come before a handshake is answered, which the handler thinks about, are kept. */
  readonly earlyFrames: boolean;
  /** A ping of a client that does not read is answered when it reads again. */
  readonly latePongs: boolean;
  /** A client that does not read is read all the same. */
  readonly readsUnread: boolean;
  /** The runtime has a fan-out of its own. */
  readonly publish: boolean;
  /** A stream that brings no whole request in time is cut. */
  readonly handshakeTimeout: boolean;
  /** Invalid UTF-8 is refused as soon as the bad byte arrives. */
  readonly earlyUtf8: boolean;
  /** The client gets a close frame that says why it is refused. */
  readonly faultFrame: boolean;
  /** `named`: the fault by its own code; `unnamed`: `frame-refused`; `silent`: only close 1006. */
  readonly faults: "named" | "unnamed" | "silent";
}

const everything: Capabilities = {
  pause: true,
  deflate: true,
  refusesCutDeflate: true,
  readsFinalBlocks: true,
  ping: true,
  terminate: true,
  refusesUnmasked: true,
  hugeHead: "ours",
  ownAnswers: {},
  boundsClosing: true,
  earlyFrames: true,
  latePongs: true,
  readsUnread: true,
  publish: false,
  handshakeTimeout: true,
  earlyUtf8: true,
  faultFrame: true,
  faults: "named",
};

/** Targets that Bun's own server resolves before anybody sees them. */
const normalised = [
  "/a\\b",
  "/a/../b",
  "/a/%2e%2E/b",
  "/./b",
  "/..",
  "an absolute target with dots",
];

/** A runtime and an engine, as they are spawned. */
export interface Combination {
  readonly name: string;
  readonly program: () => string;
  readonly args: readonly string[];
  readonly can: Capabilities;
}

const fixture = "test/support/socket-fixture";

function onBun(engine: string, can: Capabilities): Combination {
  const args = [`${fixture}/bun.ts`, engine];
  return { name: `bun ${engine}`, program: () => bunProgram, args, can };
}

function onDeno(engine: string, can: Capabilities): Combination {
  const args = ["run", "-A", "--no-check", `${fixture}/deno.ts`, engine];
  return { name: `deno ${engine}`, program: () => denoProgram, args, can };
}

export const bunNative: Combination = onBun("native", {
  ...everything,
  refusesCutDeflate: false,
  readsFinalBlocks: false,
  publish: true,
  hugeHead: 431,
  ownAnswers: {
    "no Host": 400,
    "HTTP/1.0": 101,
    "HTTP/2.0": 505,
    "a bare line feed": 400,
    "a folded header": 400,
    "a space before a colon": 400,
    "a NUL in a value": 400,
    "two lengths": 400,
    ...Object.fromEntries(normalised.map((target) => [target, 101])),
  },
  boundsClosing: false,
  earlyFrames: false,
  latePongs: false,
  earlyUtf8: false,
  faults: "unnamed",
});

export const bunWasm: Combination = onBun("wasm", everything);

export const denoNative: Combination = onDeno("native", {
  pause: false,
  deflate: false,
  refusesCutDeflate: false,
  readsFinalBlocks: false,
  ping: false,
  terminate: false,
  refusesUnmasked: false,
  hugeHead: 400,
  ownAnswers: {
    "two Hosts": 400,
    "HTTP/1.0": 101,
    "HTTP/2.0": 400,
    "a body": 400,
    "a chunked body": 400,
    "a bare line feed": 101,
    "a folded header": 400,
    "a space before a colon": 400,
    "a NUL in a value": 400,
    "two lengths": 400,
  },
  boundsClosing: true,
  earlyFrames: true,
  latePongs: true,
  readsUnread: false,
  publish: false,
  handshakeTimeout: false,
  earlyUtf8: true,
  faultFrame: false,
  faults: "silent",
});

export const denoWasm: Combination = onDeno("wasm", everything);

export const nodeWasm: Combination = {
  name: "node wasm",
  program: nodeProgram,
  args: [`dist/js/${fixture}/node.js`, "wasm"],
  can: everything,
};

/** A line that the fixture said. */
export interface Fact {
  readonly event: string;
  readonly name?: string;
  readonly [key: string]: unknown;
}

/** A fixture process that listens. */
export class Fixture {
  readonly port: number;
  readonly canPublish: boolean;
  readonly #program: Program;

  private constructor(program: Program, listening: Fact) {
    this.#program = program;
    this.port = Number(listening.port);
    this.canPublish = listening.canPublish === true;
  }

  /** Starts one that is expected to give up: its last words, and its exit code. */
  static async refused(combination: Combination, options: FixtureOptions): Promise<unknown[]> {
    const args = [...combination.args, JSON.stringify(options)];
    const program = new Program(combination.program(), args);
    try {
      const fact = await program.line(factOf("refused"), "a refusal");
      return [fact.errorCode, (await within(program.exited)).code];
    } finally {
      program.kill();
    }
  }

  static async start(combination: Combination, options: FixtureOptions): Promise<Fixture> {
    const args = [...combination.args, JSON.stringify(options)];
    const program = new Program(combination.program(), args);
    try {
      const listening = await program.line(factOf("listening"), "a listening server");
      return new Fixture(program, listening);
    } catch (error) {
      program.kill();
      throw error;
    }
  }

  /** What the fixture said, or will say, of an event. */
  event(event: string, name: string): Promise<Fact> {
    return this.#program.line(factOf(event, name), `${event} of ${name}`);
  }

  /** What the fixture said so far of an event. */
  events(event: string, name: string): Fact[] {
    return this.#program.lines.map(factOf(event, name)).filter((fact) => fact !== undefined);
  }

  /** Resolves to its exit code, where it ends by itself. */
  async ended(): Promise<number | null> {
    return (await within(this.#program.exited, { what: "the fixture's end" })).code;
  }

  /** Whether it still serves. It may have died without our knowing it yet. */
  async alive(): Promise<boolean> {
    if (this.#program.exit !== undefined) return false;
    try {
      (await RawClient.connect(this.port)).destroy();
      return true;
    } catch {
      await this.ended();
      return false;
    }
  }

  /** Ends it. Where it has died before, this fails and shows what it wrote. */
  async stop(): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    const { code, signal } = this.#program.exit ?? {};
    if (code === 0 || signal === "SIGKILL") return;
    throw new Error(`the fixture died (${code ?? signal}):\n${this.#program.output}`);
  }
}

function factOf(event: string, name?: string): (line: string) => Fact | undefined {
  return (line) => {
    if (!line.startsWith("{")) return undefined;
    const fact = JSON.parse(line) as Fact;
    return fact.event === event && (name === undefined || fact.name === name) ? fact : undefined;
  };
}
