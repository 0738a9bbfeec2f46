import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ErrorCode } from "../../core/base/mod.ts";
import type { FramedSocket } from "../../core/websocket/framed-socket.ts";
import { MemoryByteSocket } from "../support/memory/mod.ts";
import type { Dice } from "../vectors/dice.ts";
import { toHex } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { codecs, GatewayRig } from "./rig/gateway-rig.ts";
import { heapLevel, type Level, wasmLevel } from "./rig/levels.ts";
import type { Watched } from "./rig/watched-handler.ts";
import { type ClientScript, ClientScripts } from "./scripts/client-script.ts";
import { readServerStream } from "./scripts/server-stream.ts";

/** A step is one chunk of one client, or something else that happens to it. */
const cases = casesOf(80_000);

interface Client {
  readonly bytes: MemoryByteSocket;
  readonly socket: FramedSocket;
  readonly watched: Watched;
  readonly script: ClientScript;
  readonly chunks: Uint8Array[];
}

/** Clients that talk at the same time, good and bad ones, and all that may happen to them. */
class Crowd {
  readonly #rig: GatewayRig;
  readonly #dice: Dice;
  readonly #scripts: ClientScripts;
  readonly #clients: Client[] = [];
  frames = 0;
  chunks = 0;
  complete = 0;
  /** What was done last, and with which bytes. */
  #last: readonly [what: string, bytes?: Uint8Array] = [""];

  constructor(rig: GatewayRig, dice: Dice) {
    this.#rig = rig;
    this.#dice = dice;
    this.#scripts = new ClientScripts(dice, rig.deflate);
  }

  /** What was done last, for the text of a failure. */
  get last(): string {
    const [what, bytes] = this.#last;
    return bytes === undefined ? what : `${what} ${toHex(bytes)}`;
  }

  async step(): Promise<void> {
    const dice = this.#dice;
    if (this.#clients.length < 10 && dice.chance(40)) this.#connect();
    if (this.#clients.length > 0) this.#act(dice.pick(this.#clients));
    await this.#rig.turn();
    for (const client of this.#clients) this.#look(client);
    for (let at = this.#clients.length - 1; at >= 0; at--) this.#reap(at);
  }

  async end(): Promise<void> {
    this.#rig.broker.up = true;
    for (const client of this.#clients) {
      client.bytes.unblock();
      client.bytes.cut();
    }
    for (let n = 0; n < 20; n++) await this.#rig.turn();
    for (let at = this.#clients.length - 1; at >= 0; at--) this.#reap(at);
    assert.equal(this.#clients.length, 0);
  }

  #connect(): void {
    const dice = this.#dice;
    const { sockets, handler, tracer } = this.#rig;
    const bytes = new MemoryByteSocket();
    const begun = { kind: "server", name: "GET", parent: undefined, attributes: {} } as const;
    const span = dice.chance(20) ? tracer.start(begun) : undefined;
    const deflate = dice.chance(40);
    const admission = { accepted: true, app: "default", subprotocol: undefined, deflate } as const;
    const script = this.#scripts.next(deflate);
    const chunks = dice.chunks(script.bytes);
    const head = dice.chance(20) ? (chunks.shift() ?? new Uint8Array(0)) : new Uint8Array(0);
    this.#last = ["connect with", head.slice()];
    const info = { ip: "127.0.0.1" };
    const socket = sockets.start(bytes, { ...admission, info, span }, head);
    bytes.listener = socket;
    this.frames += script.frames;
    this.#clients.push({ bytes, socket, watched: handler.takeLatest(), script, chunks });
  }

  #act(client: Client): void {
    const dice = this.#dice;
    const { bytes, socket, watched } = client;
    const kind = dice.below(1_000);
    if (kind < 900) this.#send(client);
    else if (kind < 908) this.#say("cut", () => bytes.cut());
    else if (kind < 912) this.#say("terminate", () => socket.terminate());
    else if (kind < 922) this.#command(["close", watched.id, 4_000, "go"]);
    else if (kind < 942) this.#command(["send", watched.id, "x".repeat(dice.below(3_000))]);
    else if (kind < 947) this.#say("block", () => bytes.block());
    else if (kind < 962) this.#say("unblock", () => bytes.unblock());
    else if (kind < 967) this.#say("ping", () => socket.ping());
    else if (kind < 972) this.#say("pause", () => socket.pause());
    else if (kind < 982) this.#say("resume", () => socket.resume());
    else if (kind < 985) this.#broker(false);
    else if (kind < 993) this.#broker(true);
    else this.#say("time", () => this.#rig.clock.advance(dice.below(6_000)));
  }

  #send({ bytes, chunks }: Client): void {
    for (let n = this.#dice.below(3); n >= 0 && chunks.length > 0; n--) {
      const chunk = chunks.shift()!;
      this.#last = ["chunk", chunk.slice()];
      this.chunks++;
      bytes.receive(chunk);
    }
    // What has nothing to say any more is gone, or still there and silent.
    if (chunks.length === 0 && this.#dice.chance(30)) bytes.cut();
  }

  #command(item: readonly unknown[]): void {
    const { bus, codec } = this.#rig;
    this.#say("command", () => bus.local("default", "o1", codec.values.encodeValue([item])));
  }

  #broker(up: boolean): void {
    this.#say(up ? "broker up" : "broker down", () => {
      this.#rig.broker.up = up;
    });
  }

  #say(what: string, action: () => void): void {
    this.#last = [what];
    action();
  }

  /** A stream with a fault in it is over: whatever comes on it means nothing. */
  #look({ watched, bytes }: Client): void {
    if (watched.fault === undefined) return;
    assert.ok(bytes.ended || bytes.destroyed, `the stream stands after ${watched.fault}`);
    assert.ok(watched.closed, `the connection stands after ${watched.fault}`);
  }

  /** Takes a client away whose stream is gone and whose close the origin was told of. */
  #reap(at: number): void {
    const { watched, bytes, script } = this.#clients[at]!;
    if (!bytes.destroyed) return;
    assert.ok(watched.closed, "the stream is gone, and no close was told");
    const ended = this.#rig.audit.takeEnd(watched.id);
    if (ended === undefined) return;
    this.#clients.splice(at, 1);
    // What was cut while the client did not read may end within a frame; else it may not.
    if (bytes.bufferedAmount === 0) readServerStream(bytes.taken);
    if (script.messages === undefined) return;
    const { messages, cause } = ended;
    assert.deepEqual(messages, script.messages.slice(0, messages.length));
    if (!script.closes || cause !== "client" || ended.code === 1006) return;
    assert.equal(messages.length, script.messages.length, "messages are missing");
    this.complete++;
  }
}

/** What the dice must have met; else they are loaded. */
const faultsExpected: readonly ErrorCode[] = [
  "frame-reserved-bits",
  "frame-opcode",
  "frame-unmasked",
  "frame-control-fragmented",
  "frame-control-too-long",
  "frame-length",
  "frame-unexpected-continuation",
  "frame-expected-continuation",
  "frame-close-payload",
  "frame-close-code",
  "message-not-utf8",
  "message-too-big",
  "message-inflate",
  "message-fragments",
  "parser-memory",
] as ErrorCode[];

for (const [index, { name, make }] of codecs.entries()) {
  describe(`sockets, codec ${name}`, () => {
    test(`${cases} chunks and accidents end in one close each (FUZZ_SEED=${seed})`, async () => {
      const dice = diceOf(1 + index);
      const codec = make();
      const rig = await GatewayRig.start(codec, {
        json: name !== "wasm",
        partitions: name === "wasm" ? 2 : 1,
      });
      const crowd = new Crowd(rig, dice);
      // Each seed draws crowds of other sizes: what waits for them differs by more than a leak of
      // a hundred bytes a case would add.
      const levels: Level[] = [heapLevel(4_000_000)];
      if ("heapBytes" in codec) levels.push(wasmLevel(codec));
      await fuzz(() => crowd.step(), { cases, levels, shown: () => crowd.last });
      await crowd.end();
      assert.deepEqual(await rig.leftovers(), [], `FUZZ_SEED=${seed}`);
      const { opens } = rig.audit;
      const { frames, chunks, complete } = crowd;
      console.log(
        `${name}: ${opens} connections, ${frames} frames in ${chunks} chunks, ${complete} whole;`,
        [...rig.handler.faults].sort().join(" "),
      );
      if (cases < 40_000) return;
      const missing = faultsExpected.filter((code) => !rig.handler.faults.has(code));
      assert.deepEqual(missing, [], `FUZZ_SEED=${seed}`);
    });
  });
}
