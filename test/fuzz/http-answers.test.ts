import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { AnswerParser, HeadReader } from "../../adapters/http-client/answer/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import { base64Of, ServiceRig } from "../support/service-port/service-rig.ts";
import type { Dice } from "../vectors/dice.ts";
import { casesOf, diceOf, fuzz } from "./rig/fuzz-run.ts";
import { heapLevel } from "./rig/levels.ts";

const cases = casesOf(30_000);
const bodyBytesMax = 2_000;

/** An answer as a server writes it, and what a client has to make of it. */
interface Script {
  readonly text: string;
  readonly expected: string;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function chunksOf(dice: Dice, body: string): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const size = Math.min(1 + dice.below(40), body.length - at);
    const digits = size.toString(16).padStart(1 + dice.below(4), "0");
    const extension = dice.chance(20) ? `;${dice.pick(["a", 'b="c;d"', " e=f"])}` : "";
    text += `${dice.chance(50) ? digits : digits.toUpperCase()}${extension}\r\n`;
    text += `${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailer = dice.chance(20) ? "Digest: x\r\nA:\r\n" : "";
  return `${text}0\r\n${trailer}\r\n`;
}

/** A good answer: with a length, in chunks or until the end of the stream. */
function script(dice: Dice): Script {
  const status = dice.pick([200, 200, 200, 201, 204, 302, 404, 500]);
  const body = status === 204 ? "" : latin1(dice.bytes(Math.min(dice.length(), bodyBytesMax)));
  const isOld = dice.chance(15);
  const framing = dice.pick(isOld ? ["length", "end"] : ["length", "length", "chunked", "end"]);
  const ends = dice.chance(20);
  const lines = [`HTTP/1.${isOld ? 0 : 1} ${status} ${dice.pick(["OK", "", "caf\xe9"])}`];
  for (let n = dice.below(4); n > 0; n--) {
    lines.push(
      `${dice.pick(["X-A", "Date", "set-cookie"])}:${dice.pick([" ", "", "\t"])}b, c${n}`,
    );
  }
  if (framing === "length" && status !== 204) lines.push(`Content-Length: ${body.length}`);
  if (framing === "chunked" && status !== 204) lines.push("Transfer-Encoding: chunked");
  const keepsOld = isOld && !ends && dice.chance(50);
  if (ends) lines.push(`Connection: ${dice.pick(["close", "x, CLOSE"])}`);
  if (keepsOld) lines.push("Connection: keep-alive");
  const interim = dice.chance(10) ? "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" : "";
  const written = framing === "chunked" && status !== 204 ? chunksOf(dice, body) : body;
  const reusable = (isOld ? keepsOld : !ends) && (framing !== "end" || status === 204);
  return {
    text: `${interim}${lines.join("\r\n")}\r\n\r\n${written}`,
    expected: `${status} ${reusable ? "kept" : "closed"} ${body}`,
  };
}

const heads = new HeadReader();

/** What a parser makes of these pieces and the end of the stream after them. */
function outcomeOf(pieces: readonly Uint8Array[]): string {
  const parser = new AnswerParser({ heads, bodyBytesMax });
  try {
    for (const piece of pieces) parser.push(Buffer.from(piece));
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
  parser.end();
  const { answer } = parser;
  if (answer === undefined) return "unfinished";
  return `${answer.status} ${parser.reusable ? "kept" : "closed"} ${latin1(answer.body)}`;
}

test("answers over HTTP: understood in pieces of any size", async () => {
  const dice = diceOf(1);
  let shown = "";
  const one = (): void => {
    const { text, expected } = script(dice);
    shown = JSON.stringify(text);
    const bytes = Buffer.from(text, "latin1");
    assert.equal(outcomeOf([bytes]), expected);
    assert.equal(outcomeOf(dice.chunks(bytes)), expected);
  };
  await fuzz(one, { cases, shown: () => shown, levels: [heapLevel()] });
});

test("changed answers over HTTP: an error of ours or the same answer in any pieces", async () => {
  const dice = diceOf(2);
  let shown = "";
  const one = (): void => {
    let bytes = Uint8Array.from(Buffer.from(script(dice).text, "latin1"));
    for (let n = dice.below(3); n >= 0; n--) bytes = dice.mutate(bytes);
    shown = JSON.stringify(latin1(bytes));
    const outcome = outcomeOf([bytes]);
    assert.equal(outcomeOf(dice.chunks(bytes)), outcome);
    const body = outcome.split(" ").slice(2).join(" ");
    assert.ok(body.length <= bodyBytesMax);
  };
  await fuzz(one, { cases, shown: () => shown, levels: [heapLevel()] });
});

const bodies = casesOf(1_000);
const json = { "content-type": "application/json" };
const msgpack = { "content-type": "application/msgpack" };

const ids = ["n1.a", "n1.b", "n1.none", "n2.x", "nobody", "N1.a", "", "10.0.0.1:80/x"];

/** Any value: small, of every kind, a few levels deep. */
function value(dice: Dice, levels = 3): unknown {
  const kind = dice.below(levels === 0 ? 6 : 8);
  if (kind === 0) return dice.pick([null, true, false, 0, -1, 1.5, 1e300, 4_000]);
  if (kind < 4) return dice.chance(50) ? dice.text(dice.below(9)) : dice.pick(ids);
  if (kind < 6) return dice.pick(["send", "close", "join", "publish", "state", "query", "renew"]);
  const several = Array.from({ length: dice.below(4) }, () => value(dice, levels - 1));
  if (kind === 6) return several;
  const keys = ["ref", "ttl", "except", "$binary", "Text", "Message", "ConnectionIds", "é"];
  return Object.fromEntries(several.map((inner) => [dice.pick(keys), inner]));
}

/** A command that is right, or has one or another element in place of its own. */
function command(dice: Dice): unknown {
  const id = dice.pick(["n1.a", "n1.b", ["n1.a", "n1.b"], ["n2.x", "n1.a"]]);
  const good = dice.pick<unknown[]>([
    ["send", id, dice.text(dice.below(9)), { ref: dice.below(9) }],
    ["close", id, 4_000, "bye"],
    ["query", id],
    ["join", id, "room"],
    ["publish", "room", "hi", { except: id }],
    ["state", id, value(dice)],
  ]);
  if (dice.chance(80)) return good;
  if (dice.chance(10)) return value(dice);
  const changed = [...good];
  changed[dice.below(good.length)] = value(dice);
  return dice.chance(50) ? changed : changed.slice(0, 1 + dice.below(changed.length));
}

function original(dice: Dice): unknown {
  const message = (): unknown => {
    const several = [dice.pick(ids.slice(0, 4)), dice.chance(10) ? dice.pick(ids) : "n1.b"];
    // Nobody may be reached.
    const ConnectionIds = (dice.chance(30) ? ["n2.x"] : several).map(base64Of);
    const good = [{ Text: "hi" }, { Binary: "AQI=", Text: null }];
    const Message = dice.chance(90) ? dice.pick(good) : value(dice);
    return dice.chance(90) ? { ConnectionIds, Message } : value(dice);
  };
  const messages = Array.from({ length: dice.below(4) }, message);
  return dice.chance(90) ? { OutgoingWebSocketMessages: messages } : value(dice);
}

/** What was refused is not done in part; what was accepted has a result for each command. */
async function check(path: string, body: Uint8Array, headers: Record<string, string>) {
  const rig = new ServiceRig();
  rig.port.open("a");
  rig.port.open("b");
  const answer = await rig.ask(path, { body, headers });
  const { status } = answer;
  if (status === 200) return { status, rig, answer };
  assert.ok([400, 410, 413].includes(status), `${status} ${answer.text}`);
  const { code, message } = answer.json as Record<string, unknown>;
  assert.ok(typeof code === "string" && typeof message === "string");
  assert.deepEqual(rig.port.calls, []);
  const codes = rig.refused.map((one) => one.code);
  assert.deepEqual(codes, [code]);
  return { status, rig, answer };
}

test("/commands: a batch has a result for each command, or nothing of it is done", async () => {
  const dice = diceOf(1);
  let shown = "";
  const statuses = new Set<number>();
  const one = async (): Promise<void> => {
    const batch = Array.from({ length: dice.below(5) }, () => command(dice));
    const isJson = dice.chance(50);
    let body = isJson ? new TextEncoder().encode(JSON.stringify(batch)) : encode(batch);
    if (dice.chance(15)) body = dice.mutate(body as Uint8Array<ArrayBuffer>);
    shown = Buffer.from(body).toString("hex");
    const { status, rig, answer } = await check("/commands", body, isJson ? json : msgpack);
    statuses.add(status);
    if (status !== 200) return;
    const [[, commands] = ["", []]] = rig.port.calls;
    assert.equal(rig.port.calls.length, 1);
    if (isJson) assert.equal((answer.json as unknown[]).length, commands.length);
  };
  await fuzz(one, { cases: bodies, shown: () => shown });
  assert.deepEqual([...statuses].sort(), [200, 400]);
});

test("/sr: all messages of a body are sent, or none, and what was left out is told", async () => {
  const dice = diceOf(2);
  let shown = "";
  const statuses = new Set<number>();
  const one = async (): Promise<void> => {
    let body = new TextEncoder().encode(JSON.stringify(original(dice)));
    if (dice.chance(15)) body = dice.mutate(body);
    shown = new TextDecoder().decode(body);
    const { status, rig, answer } = await check("/sr", body, json);
    statuses.add(status);
    if (status !== 200 || answer.text !== "") return;
    const sent = rig.port.calls.flatMap(([, commands]) => commands);
    assert.ok(sent.every((each) => each.verb === "send" && each.ids.length > 0));
  };
  await fuzz(one, { cases: bodies, shown: () => shown });
  assert.deepEqual([...statuses].sort(), [200, 400, 410]);
});
