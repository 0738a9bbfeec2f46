import type { HandshakeRequest } from "../../../core/ports/mod.ts";
import type { Dice } from "../../vectors/dice.ts";

/** A request as it was made up; headers in the order of the wire. */
export interface RequestScript extends HandshakeRequest {
  readonly lines: readonly (readonly [name: string, value: string])[];
}

type Choices = Readonly<Record<string, readonly string[]>>;

/** Good values, and such as somebody might try. */
const choices: Choices = {
  host: ["example.com", "example.com:80", "[::1]:80", "", "a, b", "a b", "a/b", "a:123456"],
  upgrade: ["websocket", "WebSocket", "h2c, websocket", "websocket2", "", "h2c"],
  connection: ["Upgrade", "keep-alive, Upgrade", "upgrade", "close", ",,,", ""],
  "sec-websocket-version": ["13", " 13 ", "8", "13, 13", "013", ""],
  "sec-websocket-protocol": ["chat", "a, chat", "chat,,v2", "a b", ",", "x\u0000y", ""],
  "sec-websocket-extensions": [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    'permessage-deflate; client_max_window_bits="15"',
    "permessage-deflate; server_max_window_bits=10, permessage-deflate",
    'x; a="unfinished',
    ";;;;",
  ],
  origin: ["https://example.com", "https://a.example.com:444", "null", "https://evil.test", "x"],
  "x-forwarded-for": ["192.0.2.1", "1.2.3.4, ::1", "[2001:db8::1]:80", "x, y", "1.2.3.4:5", ","],
  "content-length": ["0", " 0 ", "5", "0, 0", ""],
  "user-agent": ["fuzz", "\u00e9\u00ff", ""],
};
/** Sent even where nothing is wrong. */
const needed = ["host", "upgrade", "connection", "sec-websocket-version", "sec-websocket-key"];
/** What makes a bad regular expression look back for ever. */
const repeated = [",", " ", "; ", '"', "a;", "a=", '="', "\t", "%", ":", "::", "1.", "a, "];
const addresses = ["127.0.0.1", "10.0.0.9", "::ffff:10.0.0.9", "2001:db8::7", ""];

/** Makes requests: good handshakes, and such with a few things wrong. */
export class HandshakeScripts {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  next(): RequestScript {
    const dice = this.#dice;
    const lines: [string, string][] = [];
    const wrong = dice.chance(50) ? 0 : 30;
    for (const name of [...Object.keys(choices), "sec-websocket-key"]) {
      const given = needed.includes(name) ? !dice.chance(wrong / 6) : dice.chance(30);
      if (given) lines.push([name, this.#value(name, wrong)]);
    }
    if (dice.chance(wrong / 10)) lines.push(["x-long", "x".repeat(16_000 + dice.below(600))]);
    if (dice.chance(wrong / 10)) lines.push(["transfer-encoding", "chunked"]);
    const byName = new Map(lines);
    const [path, query] = [this.#target("/"), dice.chance(30) ? this.#target("a=") : ""];
    const target = query === "" ? path : `${path}?${query}`;
    return {
      target: dice.chance(50) ? target : undefined,
      httpVersion: dice.chance(wrong / 5) ? dice.pick(["1.0", "2.0", "0.9"]) : "1.1",
      method: dice.chance(wrong / 5) ? dice.pick(["POST", "HEAD", "", "get"]) : "GET",
      path,
      query,
      lines,
      header: (name) => byName.get(name),
      headers: () => lines,
      remoteAddress: dice.pick(addresses),
    };
  }

  #value(name: string, wrong: number): string {
    const dice = this.#dice;
    const good = name === "sec-websocket-key" ? this.#key() : choices[name]![0]!;
    if (!dice.chance(wrong)) return dice.chance(20) ? dice.pick(choices[name] ?? [good]) : good;
    const kind = dice.below(10);
    if (kind < 4) return this.#changed(good);
    if (kind < 7) return dice.pick(choices[name] ?? [good]);
    if (kind < 9) return latin(dice.bytes(dice.below(60)));
    return dice.pick(repeated).repeat(1 + dice.below(4_000));
  }

  #key(): string {
    return btoa(latin(this.#dice.bytes(16)));
  }

  #changed(text: string): string {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    return latin(this.#dice.mutate(bytes));
  }

  #target(start: string): string {
    if (this.#dice.chance(10)) {
      return start + this.#dice.pick([".", "a/../b", "%2E", "a/.%2e", "..a", "...", "a\\b", "#"]);
    }
    return start + latin(this.#dice.bytes(this.#dice.below(12)));
  }
}

/** Each byte as the character of its number, as HTTP has it. */
export function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
