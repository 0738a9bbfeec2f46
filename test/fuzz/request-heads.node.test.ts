import assert from "node:assert/strict";
import { createServer, type IncomingMessage, METHODS } from "node:http";
import { Duplex } from "node:stream";
import { after, test } from "node:test";
import type { HandshakeRefusal } from "../../core/ports/mod.ts";
import { checkHandshake, type RequestHead, RequestHeadReader } from "../../core/websocket/mod.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { heapLevel, nextTurn } from "./rig/levels.ts";
import { headScript } from "./scripts/head-script.ts";

const cases = casesOf(20_000);
/** So many streams are read in one turn of the event loop. */
const batch = 50;

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

const options = {
  bytesMax: 8_192,
  linesMax: 64,
  text: (bytes: Uint8Array, from: number, to: number): string => latin1(bytes.subarray(from, to)),
};

type Outcome = RequestHead | HandshakeRefusal | undefined;

function ours(chunks: readonly Uint8Array[]): Outcome {
  const reader = new RequestHeadReader(options);
  const rest: Uint8Array[] = [];
  let outcome: Outcome;
  for (const chunk of chunks) {
    if (outcome === undefined) outcome = reader.read(chunk);
    else rest.push(chunk);
  }
  if (outcome === undefined || "statusCode" in outcome) return outcome;
  return { ...outcome, rest: Buffer.concat([outcome.rest, ...rest]) };
}

type Theirs = IncomingMessage | "refused" | undefined;

/** What `node:http` makes of the same bytes. */
class OtherParser {
  readonly #outcomes: Map<unknown, Theirs> = new Map();
  readonly #server = createServer({ requireHostHeader: false });

  constructor() {
    const take = (message: IncomingMessage): void => this.#first(message.socket, message);
    this.#server.on("request", take).on("upgrade", take).on("connect", take);
    this.#server.on("checkExpectation", take);
    this.#server.on("clientError", (_error, stream) => {
      this.#first(stream, "refused");
      stream.destroy();
    });
  }

  /** Each on a stream of its own. */
  async read(heads: readonly Uint8Array[]): Promise<Theirs[]> {
    this.#outcomes.clear();
    const streams = heads.map((bytes) => {
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      stream.on("error", () => {});
      this.#server.emit("connection", stream);
      stream.push(bytes);
      return stream;
    });
    await nextTurn();
    const outcomes = streams.map((stream) => this.#outcomes.get(stream));
    for (const stream of streams) stream.destroy();
    return outcomes;
  }

  close(): void {
    this.#server.close();
  }

  #first(stream: unknown, outcome: Theirs): void {
    if (!this.#outcomes.has(stream)) this.#outcomes.set(stream, outcome);
  }
}

function linesOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const lines: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push([rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!]);
  }
  return lines;
}

/** What `node:http` does not know: we read it, and the core refuses it for what it is. */
function isOnlyRead({ method, httpVersion }: RequestHead): boolean {
  return !METHODS.includes(method) || !["0.9", "1.0", "1.1", "2.0"].includes(httpVersion);
}

/** RFC 9110, 5.6.3: a tab around a value is white space, which `node:http` refuses at a length. */
const tabbed = /^(?:content-length|transfer-encoding):.*\t/im;

function isRefusedLater(head: RequestHead): boolean {
  const { method, target, httpVersion, lines } = head;
  const header = (name: string): string | undefined =>
    name === "host" ? "a" : lines.find(([line]) => line === name)?.[1];
  const asked = { method, target, httpVersion, path: target, query: "", remoteAddress: "" };
  return "statusCode" in checkHandshake({ ...asked, header, headers: () => lines });
}

test(`${cases} heads: what we accept node:http accepts (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(23);
  const other = new OtherParser();
  after(() => other.close());
  let shown = "";
  const counts = { accepted: 0, refused: 0, stricter: 0, unfinished: 0 };
  const compare = (bytes: Uint8Array, theirs: Theirs): void => {
    shown = JSON.stringify(latin1(bytes));
    const head = ours([bytes]);
    assert.deepEqual(ours(dice.chunks(bytes)), head);
    if (head === undefined) {
      counts.unfinished += 1;
      assert.ok(typeof theirs !== "object", "node:http has accepted it");
    } else if ("statusCode" in head) {
      counts.refused += 1;
      if (theirs !== "refused") counts.stricter += 1;
    } else if (isOnlyRead(head)) {
      assert.ok(isRefusedLater(head));
    } else if (typeof theirs === "object") {
      counts.accepted += 1;
      const { method, url, httpVersion } = theirs;
      assert.deepEqual([method, url, httpVersion], [head.method, head.target, head.httpVersion]);
      assert.deepEqual(linesOf(theirs), head.lines);
    } else {
      assert.match(latin1(bytes), tabbed, `node:http says ${theirs}`);
    }
  };
  const one = async (): Promise<void> => {
    const heads = Array.from({ length: batch }, () => headScript(dice));
    const outcomes = await other.read(heads);
    for (const [index, bytes] of heads.entries()) compare(bytes, outcomes[index]);
  };
  const turns = Math.ceil(cases / batch);
  await fuzz(one, { cases: turns, levels: [heapLevel(2_000_000)], shown: () => shown });
  console.log(JSON.stringify(counts));
  assert.ok(counts.accepted > cases / 4 && counts.refused > cases / 10, "the dice are loaded");
});
