import type { Dice } from "../../vectors/dice.ts";

const methods = ["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "CONNECT", "get", "FOO", "G(T"];
const targets = [
  "/",
  "/chat/room?x=1&y=%20",
  "/a#b",
  "/\u00c3\u00a9",
  "/a\\b",
  "//a/../b",
  "http://example.com/x?y",
  "http://user@example.com/",
  "ws://[::1]:80",
  "example.com:80",
  "*",
  "*x",
  "?x",
  "",
  "/a\tb",
  "/\u007f",
];
const versions = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  "HTTP/1.2",
  "http/1.1",
];
const names = [
  "Host",
  "Upgrade",
  "Connection",
  "Sec-WebSocket-Key",
  "sec-websocket-version",
  "Content-Length",
  "Transfer-Encoding",
  "Cookie",
  "X-!#$%&'*+-.^_`|~",
  "Expect",
];
const oddNames = ["X Y", "", "X:", "X(", "X\u0000", "\u00e9", " X", "X ", "\tX"];
const values = [
  "a",
  "a b\tc",
  "",
  "\u00e9\u00ff",
  "Upgrade",
  "keep-alive, Upgrade",
  "websocket",
  "0",
  "5",
  "05",
  "-1",
  "1 2",
  "99999999999999999999",
  "chunked",
  "gzip, chunked",
  "chunked, gzip",
  "x\u0000y",
  "x\u000by",
  "x\u007fy",
  "100-continue",
];
const ends = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\r\n "];
const oddSpaces = ["", " ", "  ", "\t", " \t "];

/** Heads of requests: good ones, such with a few things wrong, and such with bytes changed. */
export function headScript(dice: Dice): Uint8Array<ArrayBuffer> {
  const wrong = dice.pick([0, 0, 3, 15]);
  const odd = <T>(good: T, others: readonly T[]): T =>
    dice.chance(wrong) ? dice.pick(others) : good;
  const space = (): string => odd(" ", oddSpaces);
  const end = (): string => odd("\r\n", ends);
  const target = odd("/chat?x=1", targets);
  let text = odd("", ["\r\n", "\n", " ", "\r\n\r\n"]);
  const method = odd("GET", methods);
  text += `${method}${space()}${target}${space()}${odd("HTTP/1.1", versions)}${end()}`;
  for (let count = dice.below(8); count > 0; count -= 1) {
    const name = odd(dice.pick(names), oddNames);
    text += `${name}${odd("", oddSpaces)}:${dice.pick(oddSpaces)}`;
    text += `${odd(plainValue(name), values)}${dice.pick(oddSpaces)}${end()}`;
  }
  text += `${end()}${dice.chance(20) ? "\u0081\u0080rest\r\n\r\n" : ""}`;
  const bytes = Uint8Array.from(Buffer.from(text, "latin1"));
  return dice.chance(25) ? dice.mutate(bytes) : bytes;
}

function plainValue(name: string): string {
  if (name === "Content-Length") return "0";
  return name === "Transfer-Encoding" ? "chunked" : "a, b";
}
