import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { ServiceError } from "../../../../core/base/mod.ts";
import { parseLogLevels } from "../../../../core/config/log-levels.ts";
import {
  configFlags,
  environmentName,
  parseDuration,
  parseSize,
  readSettings,
  readWords,
  type Setting,
  type SettingSources,
  settingGroups,
  settings,
  suggest,
} from "../../../../core/config/mod.ts";

interface Where extends Partial<SettingSources> {
  readonly words?: readonly string[];
}

/** Flags of a command that takes settings alone. */
function readFlags(words: readonly string[]): Record<string, string> {
  const known = { ...settings, ...configFlags };
  return readWords(words, { known, wordsMax: 0 }).flags as Record<string, string>;
}

function read(sources: Partial<SettingSources>): ReturnType<typeof readSettings> {
  return readSettings({ flags: {}, environment: {}, file: undefined, defaults: {}, ...sources });
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, "setting-invalid");
    return error.message;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

test("durations and sizes are read with their units", () => {
  assert.deepEqual(["500ms", "30s", "5m", "1h"].map(parseDuration), [500, 30e3, 300e3, 36e5]);
  assert.deepEqual(["65536", "64KiB", "1MiB", "1MB"].map(parseSize), [65536, 65536, 1048576, 1e6]);
  assert.deepEqual(["30", "s", "-1s", "1.5s", ""].map(parseDuration), Array(5).fill(undefined));
  assert.deepEqual(["-1", "1GB", "KiB", "1.5MiB"].map(parseSize), Array(4).fill(undefined));
});

test("a flag wins over the environment, that over the file, that over the default", () => {
  const environment = { WSS_PORT: "2", WSS_BROKER_PORT: "3" };
  const file = { port: 4, "broker-port": 5, app: "from-file" };
  const result = read({ flags: { port: "1" }, environment, file, defaults: { app: "fallback" } });
  assert.equal(result.port, 1);
  assert.equal(result["broker-port"], 3);
  assert.equal(result.app, "from-file");
  assert.equal(read({ defaults: { app: "fallback" } }).app, "fallback");
  assert.equal(read({}).app, "default");
  assert.equal(environmentName("broker-port"), "WSS_BROKER_PORT");
});

test("flags are read as two words, as one, and alone where they are switches", () => {
  const flags = readFlags(["--port", "1", "--app=a", "--compression", "--subprotocols", "x,y"]);
  assert.deepEqual(flags, { port: "1", app: "a", compression: "true", subprotocols: "x,y" });
  assert.deepEqual(readFlags(["--compression", "false"]), { compression: "false" });
  assert.deepEqual(read({ flags }).subprotocols, ["x", "y"]);
  assert.equal(read({ flags }).compression, true);
});

/** What is said, and where: words of the command line, a variable, or the file. */
const refusals: readonly (readonly [where: Where, said: RegExp])[] = [
  [
    { words: ["--port", "70000"] },
    /--port: "70000" is not allowed; it must be a whole number from 0 to/,
  ],
  [{ environment: { WSS_ENGINE: "fast" } }, /WSS_ENGINE: "fast" .* one of auto, native, wasm/],
  [
    { file: { "keep-alive-interval": 30 } },
    /"keep-alive-interval" in the config file: 30 .* a dur/,
  ],
  [{ words: ["--routes", `/a=${"b".repeat(65)}`] }, /an app has 1 to 64 characters/],
  [{ words: ["--prot", "1"] }, /^unknown flag --prot; did you mean --port\?$/],
  [{ words: ["--max-mesage-size=1"] }, /did you mean --max-message-size\?$/],
  [{ words: ["--brokr=mqtt://u:hush@h"] }, /^unknown flag [^h]*@h; did you mean --broker\?$/],
  [{ words: ["--zzzzzzzz"] }, /; see help for all flags$/],
  [{ words: ["--__proto__", "1"] }, /unknown flag/],
  [{ words: ["serve"] }, /unexpected argument serve: a flag begins with --/],
  [{ words: ["--port"] }, /--port needs a value/],
  [
    { environment: { WSS_BROKER_PROT: "1" } },
    /^unknown variable WSS_BROKER_PROT .*an WSS_BROKER_PORT\?$/,
  ],
  [{ file: { prot: 1 } }, /unknown setting "prot"/],
  [{ file: { "node-nam": "a" } }, /did you mean "node-name"\?/],
  [{ file: [] }, /one JSON object/],
];

test("what is wrong is told: setting, value, what is allowed, and the name that was meant", () => {
  for (const [{ words = [], ...sources }, said] of refusals) {
    assert.match(
      refusal(() => read({ flags: readFlags(words), ...sources })),
      said,
    );
  }
  const others = { WSS_CONFIG: "x", WSSX: "y", PATH: "z", WSS_PORT: "1" };
  assert.equal(read({ environment: others }).port, 1);
});

test("a secret is not told, wherever it was put and however wrong it is", () => {
  const secret = "Leak-Me";
  const url = `mqtt://u:${secret}@h`;
  for (const flags of [
    { "jwt-secret": secret },
    { "jwt-jwks": `ftp://u:${secret}@h/` },
    { port: url },
    { broker: `http://u:${secret}@h` },
    { broker: `http://u:Le@${secret}@h` },
    { broker: `u:${secret}@host` },
    { broker: `mqtt://a:${secret}@b:0` },
    { routes: url },
  ]) {
    const said = refusal(() => read({ flags: flags as Record<string, string> }));
    assert.ok(!said.includes(secret) && !said.includes("Le@"), said);
  }
  const said = refusal(() => read({ environment: { WSS_JWT_SECRET: secret } }));
  assert.match(said, /^WSS_JWT_SECRET: the given value is not allowed; .*32 characters/);
  for (const broker of ["mqtt://h", "mqtts://u:p@h:8883/", "mqtt://[::1]:1883", "embedded"]) {
    assert.equal(read({ flags: { broker } }).broker, broker);
  }
});

test("a flag of true or false takes its value with or without =, and no other value", () => {
  const words = ["--compression", "--rebalance", "false", "--check-config=true", "--port", "1"];
  assert.deepEqual(readFlags(words), {
    compression: "true",
    rebalance: "false",
    "check-config": "true",
    port: "1",
  });
  // A command that takes words beside flags may have one there.
  const beside = readWords(["--compression", "maybe"], { known: settings, wordsMax: 1 });
  assert.deepEqual(beside, { flags: { compression: "true" }, words: ["maybe"] });
  for (const name of ["compression", "check-config"]) {
    for (const value of ["maybe", "TRUE", "1", ""]) {
      const line = `--${name}: "${value}" is not allowed; it must be true or false`;
      const said = [[`--${name}`, value], [`--${name}=${value}`]].map((words) =>
        refusal(() => readFlags(words)),
      );
      assert.deepEqual(said, [line, line]);
    }
  }
});

test("every default, as help writes it, is a value that its own setting allows", () => {
  for (const [name, setting] of Object.entries(settings)) {
    const read = v.parse((setting as Setting).schema, setting.written);
    assert.deepEqual(read, setting.default, name);
  }
});

test("a name far longer than any is compared with none", () => {
  assert.equal(suggest("x".repeat(100_000), Object.keys(settings)), undefined);
  assert.equal(suggest("prot", ["port", "root"]), "port");
});

test("the example of each section is accepted, and has a setting of the section", () => {
  for (const [name, { example, settings: own }] of settingGroups) {
    const [command, ...words] = example.split(" ");
    assert.equal(command, "serve");
    const flags = readFlags(words);
    read({ flags });
    assert.ok(
      Object.keys(flags).some((flag) => Object.hasOwn(own, flag)),
      name,
    );
  }
});

test("a name that may be empty is nothing or a name", () => {
  const set = (name: string): unknown => read({ flags: { "node-name": name } })["node-name"];
  for (const name of ["", "edge-1", "a".repeat(32)]) assert.equal(set(name), name);
  for (const other of [" ", "\n", "A", "a".repeat(33), "a b"]) {
    assert.match(
      refusal(() => set(other)),
      /1 to 32 characters/,
    );
  }
});

const origin = "http://127.0.0.1:3000/events";
const broker = "mqtt://127.0.0.1:1883";

test("an origin takes the place of the broker, unless one is named", () => {
  assert.equal(read({}).broker, "embedded");
  assert.equal(read({ flags: { origin } }).broker, "none");
  assert.equal(read({ environment: { WSS_ORIGIN: origin } }).broker, "none");
  assert.equal(read({ file: { origin: [origin] } }).broker, "none");
  assert.equal(read({ flags: { origin, broker } }).broker, broker);
  assert.equal(read({ flags: { origin }, file: { broker } }).broker, broker);
  assert.equal(read({ flags: { origin, broker: "embedded" } }).broker, "embedded");
  assert.throws(() => read({ flags: { broker: "none" } }), { code: "setting-invalid" });
});

test("origins are absolute URLs of HTTP", () => {
  const two = "http://a/,https://user:word@b:8443/path?x=1";
  assert.deepEqual(read({ flags: { origin: two } }).origin, two.split(","));
  for (const wrong of ["a", "/a", "ftp://a/", "http://", "http://a/#b", "http://a/,"]) {
    assert.throws(() => read({ flags: { origin: wrong } }), { code: "setting-invalid" }, wrong);
  }
  // A list with blanks in place of commas would be one URL with the second one in its path.
  for (const blank of [" ", "\t", "\n", "\u00a0", "\u0000"]) {
    const flags = { origin: `http://a/${blank}http://b/` };
    assert.throws(() => read({ flags }), { code: "setting-invalid" }, JSON.stringify(blank));
    const peers = `http://a:1,http://b${blank}:2`;
    assert.throws(() => read({ flags: { cluster: "http", peers } }), { code: "setting-invalid" });
  }
  assert.deepEqual(read({ flags: { origin: "http://a/, http://b/" } }).origin.length, 2);
  assert.throws(() => read({ flags: { origin: "http://a/#b" } }), /URLs without a blank or/);
});

test("secrets are whole, and no error shows one", () => {
  const good = ["", "plain", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "one two whsec_AAAA"];
  for (const secret of good) {
    assert.equal(read({ flags: { "origin-secret": secret } })["origin-secret"], secret);
  }
  for (const wrong of ["whsec_", "whsec_A", "whsec_é", "a  b", " a"]) {
    const run = (): unknown => read({ flags: { "origin-secret": wrong } });
    assert.throws(run, { code: "setting-invalid", message: /the given value is not allowed/ });
  }
});

test("the route of a message is a place in its body", () => {
  const route = (text: string): string =>
    read({ flags: { "route-selection": text } })["route-selection"];
  assert.equal(route("$request.body.a.b"), "$request.body.a.b");
  for (const wrong of ["", "$request.body", "$request.header.a", "$request.body..a", "action"]) {
    assert.throws(() => route(wrong), { code: "setting-invalid" }, wrong);
  }
});

test("levels of the log: one for all, then others by category", () => {
  assert.deepEqual(parseLogLevels("warn"), { level: "warn", categories: {} });
  assert.deepEqual(parseLogLevels("info,handshake=debug, broker=warn"), {
    level: "info",
    categories: { handshake: "debug", broker: "warn" },
  });
  const wrong = [
    "",
    "loud",
    "handshake=debug",
    "info,handshakes=debug",
    "info,",
    "info,handshake",
  ];
  wrong.push("info,handshake=", "info,handshake=loud", "info,handshake=debug=debug");
  wrong.push("info,handshake=debug,handshake=info", "info,toString=debug");
  for (const text of wrong) assert.equal(parseLogLevels(text), undefined, text);
});

test("levels of the log: a wrong category or level is told with those that there are", () => {
  const saidOf = (level: string): string => refusal(() => read({ flags: { "log-level": level } }));
  const said = saidOf("info, foo=debug");
  assert.match(said, /^--log-level: .* is not allowed; foo is no category; categories: accept, /);
  assert.match(said, /, handshake, .*, worker$/);
  assert.match(saidOf("info,"), /; a category is missing; categories: /);
  for (const level of ["loud", "info,broker=loud", "loud,foo=debug"]) {
    assert.match(saidOf(level), /; it must be one of debug, info, warn, error; then CATEGORY=/);
  }
});
