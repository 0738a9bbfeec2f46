import { RawClient } from "../../support/clients/raw-client.ts";
import {
  clientFrame,
  closePayload,
  readServerFrame,
} from "../../support/clients/raw-client-frames.ts";
import { waitFor } from "../../support/process/wait.ts";
import { now } from "../cluster/now.ts";
import type { JudgedClient } from "../evidence/judged.ts";

/** What an echo is made of: the origin's process, the client, the number. */
const echoPattern = /^(\S+) (\S+) (\d+) /;

/** What every member of a group is sent: the origin's process, the number. */
const newsPattern = /^news (\S+) (\d+)$/;

/** Of so many messages one is binary, and its echo too. */
const binaryEvery = 3;

const opcodeOf = (number: number): number => (number % binaryEvery === 0 ? 2 : 1);

/** Below a client's limit of pings, with room for its pongs. */
const pingEveryMs = 100;

function note(lists: Map<string, number[]>, tag: string, number: number): void {
  const numbers = lists.get(tag) ?? [];
  lists.set(tag, numbers);
  numbers.push(number);
}

/** A client that numbers its messages and never comes back once its connection is closed. */
export class Talker {
  readonly label: string;
  readonly node: string;
  /** Messages given to the socket. */
  sent = 0;
  /** Of them, those before a ping that was answered. */
  read = 0;
  /** Numbers of the messages that came back, by the origin's process that sent them. */
  readonly echoes: Map<string, number[]> = new Map();
  readonly openedAt: number = now();
  /** When the first echo came: the node has it open by then, whatever its server does. */
  answeredAt: number = Number.POSITIVE_INFINITY;
  /** Numbers of news, by the origin's process that published them. */
  readonly news: Map<string, number[]> = new Map();
  /** Messages that are not echoes of its own. */
  strange = 0;
  /** Until when it stayed to receive what was sent to it; 0 where it went away in the middle. */
  listenedUntil = 0;
  /** Code of the close frame that came; 1006 where the stream ended without one. */
  closeCode: number | undefined;
  /** It says no more, and listens. */
  silent = false;
  /** It has said goodbye itself. */
  leaving = false;
  readonly #client: RawClient;
  readonly #answered: Set<number> = new Set();
  #pingedAt = 0;
  #rest: Buffer;

  private constructor(label: string, node: string, client: RawClient) {
    this.label = label;
    this.node = node;
    this.#client = client;
    this.#rest = client.received;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (bytes) => this.#take(bytes));
    client.socket.on("end", () => {
      this.closeCode ??= 1006;
      client.socket.end();
    });
    client.socket.on("close", () => {
      this.closeCode ??= 1006;
    });
    this.#take(Buffer.alloc(0));
  }

  static async open(label: string, node: { name: string; port: number }): Promise<Talker> {
    // Whom it says to be, where it is asked.
    const path = `/?user=${label}`;
    return new Talker(label, node.name, await RawClient.open(node.port, { path }));
  }

  get open(): boolean {
    return this.closeCode === undefined && !this.leaving;
  }

  /** The connection stood until this client itself ended it, and the end was answered. */
  get survived(): boolean {
    return this.leaving && this.closeCode === 1000;
  }

  /** Messages that no echo came of. */
  get unanswered(): number {
    return this.sent - this.#answered.size;
  }

  /**
   * What it says of itself; while it is connected, as if it would stay so. `opensLate`: its node
   * may take it for open after it has the 101.
   */
  testify(opensLate: boolean = false): JudgedClient {
    const { label, node, sent, read, closeCode, echoes, strange, open, leaving } = this;
    const { news } = this;
    const openedAt = opensLate ? this.answeredAt : this.openedAt;
    const listenedUntil = open ? now() : this.listenedUntil;
    const survived = open || this.survived;
    return {
      label,
      node,
      sent,
      read,
      survived,
      leaving,
      closeCode,
      echoes,
      strange,
      listenedUntil,
      openedAt,
      news,
    };
  }

  /** Says the next `count` messages, unless TCP makes it wait. */
  say(count: number, padding: number): void {
    const frames: Buffer[] = [];
    if (!this.open || this.silent || this.#client.socket.writableNeedDrain) return;
    for (; count > 0; count--) {
      const payload = `${this.label} ${this.sent} ${"x".repeat(padding)}`;
      frames.push(clientFrame({ opcode: opcodeOf(this.sent), payload }));
      this.sent++;
    }
    // Its answer tells that the node has read what stands before it, wherever that is lost then.
    if (now() >= this.#pingedAt + pingEveryMs) {
      this.#pingedAt = now();
      frames.push(clientFrame({ opcode: 9, payload: String(this.sent) }));
    }
    this.#client.write(Buffer.concat(frames));
  }

  /** Closes the connection; resolves when that is answered, or the connection is gone anyway. */
  async leave(deadline: number): Promise<void> {
    if (this.open) {
      this.leaving = true;
      this.#client.send({ opcode: 8, payload: closePayload(1000) });
    }
    const what = `the answer to ${this.label}'s close`;
    await waitFor(() => this.closeCode !== undefined, { what, deadline });
    this.#client.destroy();
  }

  destroy(): void {
    this.#client.destroy();
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let found = readServerFrame(this.#rest); found !== undefined; ) {
      const { opcode, payload } = found.frame;
      this.#rest = this.#rest.subarray(found.end);
      if (opcode === 1 || opcode === 2) this.#message(payload.toString(), opcode);
      if (opcode === 8) {
        this.closeCode ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        // RFC 6455, 5.5.1: a close frame is answered with one.
        if (!this.leaving) this.#client.send({ opcode: 8, payload: payload.subarray(0, 2) });
      }
      if (opcode === 9) this.#client.send({ opcode: 10, payload });
      if (opcode === 10) this.read = Math.max(this.read, Number(payload.toString()));
      found = readServerFrame(this.#rest);
    }
  }

  #message(text: string, opcode: number): void {
    const [, publisher, index] = newsPattern.exec(text) ?? [];
    if (publisher !== undefined) note(this.news, publisher, Number(index));
    else this.#echo(text, opcode);
  }

  #echo(text: string, opcode: number): void {
    const [, tag = "", label, number] = echoPattern.exec(text) ?? [];
    if (label !== this.label || opcode !== opcodeOf(Number(number))) {
      this.strange++;
      return;
    }
    this.answeredAt = Math.min(this.answeredAt, now());
    note(this.echoes, tag, Number(number));
    this.#answered.add(Number(number));
  }
}
