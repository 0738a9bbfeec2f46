import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerParser, HeadReader } from "../../adapters/http-client/answer/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
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
