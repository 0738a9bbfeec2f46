import { ServiceError, tokenPattern } from "../../../core/base/mod.ts";
import { duration, integer, matching, toggle } from "../../../core/config/mod.ts";
import {
  type CliCommand,
  complain,
  defineCommand,
  ExitCode,
  fileOption,
  jsonOption,
  type OptionTable,
  say,
  texts,
  visible,
} from "../command/mod.ts";
import { runSession } from "../connect/mod.ts";
import { readSecretFile, readSettingFile, settingInvalid } from "../settings/mod.ts";

interface ConnectOptions {
  readonly header: readonly string[];
  readonly subprotocol: readonly string[];
  readonly token: string;
  readonly "token-file": string;
  readonly execute: readonly string[];
  readonly binary: boolean;
  readonly wait: number;
  readonly count: number;
  readonly slash: boolean;
  readonly ca: string;
  readonly timeout: number;
  readonly json: boolean;
}

const options: OptionTable<ConnectOptions> = {
  header: texts("header of the handshake", {
    allowed: "a name, a colon and a value",
    pattern: /^[^:\s]{1,256}:.{0,8192}$/,
    shown: "NAME:VALUE",
  }),
  subprotocol: texts("subprotocol that is offered", {
    allowed: "a name without blanks and commas",
    pattern: tokenPattern,
    shown: "NAME",
  }),
  token: {
    ...matching("bearer token of the handshake; safer in a file", {
      allowed: "a text without blanks",
      pattern: /^[\x21-\x7e]{0,8192}$/,
    }),
    secret: true,
    shown: "TOKEN",
    variable: "WEBSOCKET_TOKEN",
  },
  "token-file": fileOption("file with the token"),
  execute: texts("message to send, in place of the lines of the standard input", {
    allowed: "a text",
    pattern: /^.{0,16000000}$/s,
    shown: "TEXT",
  }),
  binary: toggle("send binary messages, written in hexadecimal digits", { default: false }),
  wait: {
    ...duration("time between the last message sent and the end", {
      min: "0ms",
      max: "24h",
      default: "2s",
    }),
    shown: "TIME",
  },
  count: {
    ...integer("end after N messages; fewer within --wait are a failure; 0: do not count", {
      min: 0,
      max: 1_000_000_000,
      default: 0,
    }),
    shown: "N",
  },
  slash: toggle("take lines /ping [TEXT] and /close [CODE [REASON]] for commands", {
    default: false,
  }),
  ca: fileOption("certificate of the authority that a wss:// server is checked with"),
  timeout: {
    ...duration("time for the handshake", { min: "100ms", max: "10m", default: "10s" }),
    shown: "TIME",
  },
  json: jsonOption,
};

export const connect: CliCommand = defineCommand<ConnectOptions>({
  name: "connect",
  summary: "a client to try a WebSocket server with",
  synopsis: "URL",
  about:
    "Prints messages, and sends lines that are typed or piped in. Ends with 0 if we close or " +
    "the server closes with 1000, otherwise with 1.",
  options,
  wordsMax: 1,
  examples: [
    { line: "connect ws://127.0.0.1:8080/", about: "talk; Ctrl-D closes" },
    { line: "connect ws://127.0.0.1:8080/ --execute hello --count 1", about: "one round trip" },
  ],
  run: async ({ options: given, words }) => {
    const [address] = words;
    if (address === undefined) throw settingInvalid("connect needs a URL such as ws://host:8080/");
    const { execute, binary, count, slash, json } = given;
    try {
      return await runSession(address, {
        headers: headersOf(given),
        subprotocols: given.subprotocol,
        ca: readSettingFile("ca", given.ca),
        timeoutMs: given.timeout,
        waitMs: given.wait,
        execute,
        binary,
        count,
        slash,
        json,
      });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === "setting-invalid") throw error;
      const { code, message } = error;
      if (json) await say(JSON.stringify({ event: "failed", code, message }));
      else await complain(visible(`${code}: ${message}`));
      return ExitCode.failure;
    }
  },
});

function headersOf(given: ConnectOptions): (readonly [string, string])[] {
  const headers = given.header.map((header): readonly [string, string] => {
    const colon = header.indexOf(":");
    return [header.slice(0, colon), header.slice(colon + 1).trim()];
  });
  const token = given.token || (readSecretFile("token-file", given["token-file"]) ?? "");
  if (token !== "") headers.push(["Authorization", `Bearer ${token}`]);
  return headers;
}
