import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, limits, parseAddressRange } from "../../core/base/mod.ts";
import { type AdmissionOptions, admit } from "../../core/handshake/admission.ts";
import { Routes } from "../../core/handshake/routes.ts";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";
import { readProxyHeader } from "../../core/websocket/mod.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import type { Dice } from "../vectors/dice.ts";
import { concat, toHex, utf8 } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { codecOptions } from "./rig/gateway-rig.ts";
import { heapLevel } from "./rig/levels.ts";
import { HandshakeScripts, type RequestScript } from "./scripts/handshake-script.ts";

const cases = casesOf(200_000);

const routes = new Routes([], "default");
const options: AdmissionOptions = {
  subprotocols: ["chat"],
  headers: ["user-agent", "origin"],
  compression: true,
  pages: new Map(),
  allowedOrigins: ["https://example.com", "*.example.com"],
  trustedProxies: [parseAddressRange("10.0.0.0/8")!],
};

const tokens = (text: string | undefined): string[] =>
  (text ?? "").split(",").map((part) => part.trim().toLowerCase());

/** Whether a request is a handshake, as another reader of RFC 6455, 4.2.1, would say. */
function isHandshake(request: RequestScript): boolean {
  const { method, path, query, lines } = request;
  const bytes = lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  const target = query === "" ? path : `${path}?${query}`;
  const requestLine = `${method} ${target} HTTP/1.1\r\n`;
  if (requestLine.length + bytes + 2 > limits.handshakeHeaderBytesMax) return false;
  const key = request.header("sec-websocket-key")?.trim() ?? "";
  const raw = Buffer.from(key, "base64");
  const subprotocols = tokens(request.header("sec-websocket-protocol"));
  const origin = request.header("origin")?.trim().toLowerCase();
  return (
    method === "GET" &&
    request.httpVersion === "1.1" &&
    /^(\[[\da-f:.]+\]|[\w.~-]*)(:\d{0,5})?$/i.test(request.header("host") ?? "none at all") &&
    (request.header("content-length") ?? "0").trim() === "0" &&
    request.header("transfer-encoding") === undefined &&
    (request.target === undefined || isStraight(path, query)) &&
    tokens(request.header("upgrade")).includes("websocket") &&
    tokens(request.header("connection")).includes("upgrade") &&
    request.header("sec-websocket-version")?.trim() === "13" &&
    raw.length === 16 &&
    raw.toString("base64") === key &&
    subprotocols.every((name) => !/[^\x21-\x7e]|[()<>@,;:\\"/[\]?={}]/.test(name)) &&
    (origin === undefined || origin === "https://example.com" || isBelow(origin))
  );
}

/** Whether a URL makes the same of a target. */
function isStraight(path: string, query: string): boolean {
  if (`${path}${query}`.includes("#")) return false;
  // A query may begin inside what is random here.
  const [own = ""] = path.split("?");
  return !own.includes("\\") && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(own);
}

function isBelow(origin: string): boolean {
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)$/.exec(origin)?.[1]?.replace(/:\d{1,5}$/, "");
  return host !== undefined && /^[^:@,\s]+\.example\.com$/.test(host);
}

function checkAnswer(answer: HandshakeAnswer): void {
  if (answer.accepted) return;
  const { statusCode, errorCode, body } = answer;
  assert.ok([400, 403, 426, 431, 505].includes(statusCode), `status ${statusCode}`);
  assert.ok(errorCode !== undefined && errorCode in ErrorCode);
  assert.ok(typeof body === "string" && body.includes(errorCode));
}

test(`${cases} handshakes are judged as the RFC says (FUZZ_SEED=${seed})`, async () => {
  const scripts = new HandshakeScripts(diceOf(21));
  const codec = createReferenceCodec(codecOptions);
  let request = scripts.next();
  let accepted = 0;
  const shown = (): string => JSON.stringify([request.method, request.path, request.lines]);
  const one = (): void => {
    request = scripts.next();
    const answer = admit(request, options, routes);
    checkAnswer(answer);
    assert.equal(answer.accepted, isHandshake(request));
    if (!answer.accepted) return;
    accepted++;
    // What the origin is told of it survives the way there.
    if (accepted % 16 !== 0) return;
    const { info } = answer;
    assert.deepEqual(codec.values.decodeValue(codec.values.encodeValue(info)), info);
  };
  await fuzz(one, { cases, levels: [heapLevel(500_000)], shown });
  console.log(`${accepted} accepted`);
  assert.ok(accepted > cases / 10 && accepted < cases * 0.9, "the dice are loaded");
});

/** The start of a stream behind a proxy: good, spoilt, or nothing of the kind. */
function proxyBytes(dice: Dice): Uint8Array<ArrayBuffer> {
  const kind = dice.below(10);
  if (kind === 0) return dice.bytes(dice.below(200));
  const rest = dice.bytes(dice.below(20));
  const lines = [
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP6 2001:db8::1 ::1 65535 443\r\n",
    "PROXY UNKNOWN anything\r\n",
    `PROXY TCP4 ${"1".repeat(dice.below(200))}\r\n`,
  ];
  let bytes = concat(utf8(dice.pick(lines)), rest);
  if (kind < 6) {
    const length = dice.pick([0, 12, 36, 216, dice.below(5_000)]);
    const head = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
    head.push(dice.pick([0x20, 0x21]), dice.pick([0x00, 0x11, 0x21, 0x31]));
    head.push(length >> 8, length & 255);
    bytes = concat(Uint8Array.from(head), dice.bytes(Math.min(length, 300)), rest);
  }
  return dice.chance(40) ? dice.mutate(bytes) : bytes;
}

test(`${cases >> 1} PROXY headers, cut anywhere, are read alike (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(22);
  let bytes: Uint8Array = new Uint8Array(0);
  const one = (): void => {
    bytes = proxyBytes(dice);
    const whole = readProxyHeader(bytes);
    const cut = dice.below(bytes.length + 1);
    const part = readProxyHeader(bytes.subarray(0, cut));
    // What more bytes cannot change must not change.
    if (part !== "more") assert.deepEqual(whole, part);
    if (typeof whole === "object") assert.ok(whole.end <= bytes.length);
    if (typeof whole === "object") assert.ok(whole.end <= limits.proxyHeaderBytesMax);
  };
  await fuzz(one, { cases: cases >> 1, levels: [heapLevel(500_000)], shown: () => toHex(bytes) });
});
