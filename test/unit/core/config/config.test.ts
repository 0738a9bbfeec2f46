import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { ServiceError } from "../../../../core/base/mod.ts";
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

test("a wrong value names the setting, the value and what is allowed", () => {
  const flag = refusal(() => read({ flags: { port: "70000" } }));
  assert.match(flag, /--port: "70000" is not allowed; it must be a whole number from 0 to 65535/);
  const environment = refusal(() => read({ environment: { WSS_ENGINE: "fast" } }));
  assert.match(environment, /WSS_ENGINE: "fast" .* one of auto, native, wasm/);
  const file = refusal(() => read({ file: { "keep-alive-interval": 30 } }));
  assert.match(file, /"keep-alive-interval" in the config file: 30 .* a duration such as/);
});

test("a secret is not told, wherever it was put and however wrong it is", () => {
  const secret = "Leak-Me";
  const url = `mqtt://u:${secret}@h`;
  for (const flags of [
    { "jwt-secret": secret },
    { "jwt-jwks": `ftp://u:${secret}@h/` },
    { port: url },
    { broker: `http://u:${secret}@h` },
    { routes: url },
  ]) {
    const said = refusal(() => read({ flags: flags as Record<string, string> }));
    assert.ok(!said.includes(secret), said);
  }
  const said = refusal(() => read({ environment: { WSS_JWT_SECRET: secret } }));
  assert.match(said, /^WSS_JWT_SECRET: the given value is not allowed; .*32 characters/);
  assert.ok(!said.includes(secret));
});

test("a route with too long a name of an app is told how long it may be", () => {
  const routes = `/a=${"b".repeat(65)}`;
  const said = refusal(() => read({ flags: { routes } }));
  assert.match(said, /an app has 1 to 64 characters/);
});

test("unknown flags, missing values and strange files are refused", () => {
  assert.match(
    refusal(() => readFlags(["--prot", "1"])),
    /unknown flag --prot/,
  );
  assert.match(
    refusal(() => readFlags(["serve"])),
    /unexpected argument serve: a flag begins with --/,
  );
  assert.match(
    refusal(() => readFlags(["--port"])),
    /--port needs a value/,
  );
  assert.match(
    refusal(() => read({ file: { prot: 1 } })),
    /unknown setting "prot"/,
  );
  assert.match(
    refusal(() => read({ file: [] })),
    /one JSON object/,
  );
  assert.match(
    refusal(() => readFlags(["--__proto__", "1"])),
    /unknown flag/,
  );
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
      assert.equal(
        refusal(() => readFlags([`--${name}`, value])),
        line,
      );
      assert.equal(
        refusal(() => readFlags([`--${name}=${value}`])),
        line,
      );
    }
  }
});

test("the password of a broker does not stand in the error line", () => {
  const message = refusal(() => read({ flags: { broker: "http://user:hush@host" } }));
  assert.match(message, /--broker/);
  assert.doesNotMatch(message, /hush/);
  for (const broker of ["http://u:hu@sh@h", "u:hush@host", "mqtt://a:hush@b:0"]) {
    assert.doesNotMatch(
      refusal(() => read({ flags: { broker } })),
      /sh@|hush/,
      broker,
    );
  }
  for (const broker of ["mqtt://h", "mqtts://u:p@h:8883/", "mqtt://[::1]:1883", "embedded"]) {
    assert.equal(read({ flags: { broker } }).broker, broker);
  }
});

test("every default, as help writes it, is a value that its own setting allows", () => {
  for (const [name, setting] of Object.entries(settings)) {
    const read = v.parse((setting as Setting).schema, setting.written);
    assert.deepEqual(read, setting.default, name);
  }
});

test("what is misspelt is told with the name that was meant", () => {
  const flag = refusal(() => readFlags(["--prot", "1"]));
  assert.equal(flag, "unknown flag --prot; did you mean --port?");
  assert.match(
    refusal(() => readFlags(["--max-mesage-size=1"])),
    /did you mean --max-message-size\?$/,
  );
  assert.match(
    refusal(() => readFlags(["--brokr=mqtt://u:hush@h"])),
    /^unknown flag [^h]*@h; did you mean --broker\?$/,
  );
  assert.match(
    refusal(() => readFlags(["--zzzzzzzz"])),
    /; see help for all flags$/,
  );
  const variable = refusal(() => read({ environment: { WSS_BROKER_PROT: "1" } }));
  assert.match(variable, /^unknown variable WSS_BROKER_PROT .*; did you mean WSS_BROKER_PORT\?$/);
  assert.match(
    refusal(() => read({ file: { "node-nam": "a" } })),
    /did you mean "node-name"\?/,
  );
  const others = { WSS_CONFIG: "x", WSSX: "y", PATH: "z", WSS_PORT: "1" };
  assert.equal(read({ environment: others }).port, 1);
});

test("readFlags: --check-config stands alone", () => {
  const flags = readFlags(["--check-config", "--port", "1"]);
  assert.deepEqual(flags, { "check-config": "true", port: "1" });
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
