import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { type LogLevels, readSettings, type Settings } from "../../../../../core/config/mod.ts";
import type { ProgramLogger } from "../../../../../runtimes/cli/programs/create-logger.ts";
import {
  KnownFiles,
  type LoadedFiles,
  NodeReload,
  TlsFault,
} from "../../../../../runtimes/cli/programs/node-reload.ts";
import { SettingsReload } from "../../../../../runtimes/cli/programs/settings-reload.ts";
import { createAuthorizer } from "../../../../../runtimes/cli/settings/mod.ts";
import type { Service } from "../../../../../runtimes/compose/mod.ts";
import { JwksServer, json } from "../../../../support/keys/jwks-server.ts";
import { createIssuer, secret } from "../../../../support/keys/tokens.ts";
import { ManualClock, MemoryLogger } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

function settingsOf(flags: Readonly<Record<string, string>>): Settings {
  return readSettings({ flags, environment: {}, file: undefined, defaults: {} });
}

/** A node that notes what is done to it, and a file whose settings are the test's. */
class StepsRig {
  file: Readonly<Record<string, string>> = {};
  readonly steps: string[] = [];
  readonly logger: MemoryLogger = new MemoryLogger();
  /** What reading the files waits for, or fails with. */
  load: () => Promise<void> = async () => {};
  apply: () => Promise<void> = async () => {};
  readonly #reload: SettingsReload;

  constructor(flags: Readonly<Record<string, string>> = {}) {
    const steps = {
      read: () => {
        this.steps.push("read");
        return settingsOf(this.file);
      },
      load: async () => {
        await this.load();
        this.steps.push("load");
        return {} as LoadedFiles;
      },
      apply: async ({ "max-connections": max }: Settings) => {
        await this.apply();
        this.steps.push(`apply ${max}`);
        return [];
      },
    };
    const first = settingsOf({ "max-connections": "1", ...flags });
    this.#reload = new SettingsReload(first, steps, this.logger);
  }

  async reload(): Promise<unknown> {
    const answer = await this.#reload.reload();
    return answer.reloaded ? answer.changed : answer.code;
  }
}

test("reloads that overlap are done one after the other", async () => {
  const rig = new StepsRig();
  rig.file = { "max-connections": "2" };
  let go: () => void = () => {};
  rig.load = () => new Promise((resolve) => (go = resolve));
  const first = rig.reload();
  await settled();
  rig.file = { "max-connections": "3" };
  const second = rig.reload();
  await settled();
  assert.deepEqual(rig.steps, ["read"]);
  rig.load = async () => {};
  go();
  assert.deepEqual(await first, ["max-connections: 2, was 1"]);
  assert.deepEqual(await second, ["max-connections: 3, was 2"]);
  assert.deepEqual(rig.steps, ["read", "load", "apply 2", "read", "load", "apply 3"]);
});

test("what could not be applied has not changed, and is tried again", async () => {
  const rig = new StepsRig();
  rig.file = { "max-connections": "2" };
  rig.apply = async () => {
    throw new ServiceError("setting-invalid", "no");
  };
  assert.equal(await rig.reload(), "setting-invalid");
  rig.load = async () => {
    throw new TypeError("a fault");
  };
  assert.equal(await rig.reload(), "internal");
  rig.load = rig.apply = async () => {};
  assert.deepEqual(await rig.reload(), ["max-connections: 2, was 1"]);
  assert.deepEqual(await rig.reload(), []);
  assert.deepEqual(
    rig.logger.records.map(({ event }) => event),
    ["reload-refused", "reload-refused", "reloaded", "reloaded"],
  );
});

test("what cannot be used of a certificate has an event of its own", async () => {
  const rig = new StepsRig();
  rig.load = async () => {
    throw new TlsFault("no certificate");
  };
  assert.equal(await rig.reload(), "tls-invalid");
  const told = rig.logger.records.map(({ level, event, fields }) => [level, event, fields?.code]);
  assert.deepEqual(told, [["error", "tls-reload-failed", "tls-invalid"]]);
});

test("fewer connections than the workers that run are refused", async () => {
  const rig = new StepsRig({ "max-connections": "4", workers: "3" });
  rig.file = { "max-connections": "2" };
  assert.equal(await rig.reload(), "setting-invalid");
  assert.deepEqual(rig.steps, ["read"]);
  rig.file = { "max-connections": "3" };
  assert.deepEqual(await rig.reload(), ["max-connections: 3, was 4"]);
});

const { jwk } = await createIssuer("ES256", "first");
const keys = json({ keys: [jwk] });

function jwtSettings(flags: Readonly<Record<string, string>>): Settings {
  const any = { "jwt-any-issuer": "true", "jwt-any-audience": "true" };
  return settingsOf({ authorize: "jwt", ...any, ...flags });
}

/** A node that has taken over settings, and does so again. */
class Rig {
  readonly levels: LogLevels[] = [];
  readonly logger: MemoryLogger & ProgramLogger = Object.assign(new MemoryLogger(), {
    setLevels: (levels: LogLevels): void => void this.levels.push(levels),
  });
  readonly node: NodeReload;
  /** What becomes of a certificate that is read again. */
  certificate: Awaited<ReturnType<Service["reloadTls"]>> = { taken: true, isSame: true };
  /** What the handshakes ask now. */
  authorizer: Awaited<ReturnType<typeof createAuthorizer>>;

  private constructor(settings: Settings, authorizer: Rig["authorizer"]) {
    this.authorizer = authorizer;
    const service = {
      settings,
      reload: (next: Settings, given: Rig["authorizer"]) => {
        service.settings = next;
        this.authorizer = given ?? this.authorizer;
      },
      reloadTls: async () => this.certificate,
    };
    this.node = new NodeReload(service as unknown as Service, authorizer, this.logger);
    after(() => this.authorizer?.close());
  }

  static async start(flags: Readonly<Record<string, string>>): Promise<Rig> {
    const settings = jwtSettings(flags);
    const ports = { clock: new ManualClock(), logger: new MemoryLogger() };
    return new Rig(settings, await createAuthorizer(settings, ports));
  }

  async reload(flags: Readonly<Record<string, string>>, isWorker = false): Promise<string[]> {
    const settings = jwtSettings(flags);
    return this.node.apply(settings, await this.node.load(settings, isWorker));
  }
}

async function endpoint(answer = keys): Promise<JwksServer> {
  const server = await JwksServer.start(answer);
  after(() => server.stop());
  return server;
}

const unavailable = {
  code: "keys-unavailable",
  message: "jwt-jwks: the JWKS endpoint answered with status 502",
};

test("a JWKS that is new must give keys, or the reload is refused", async () => {
  const server = await endpoint(json("", 502));
  const rig = await Rig.start({ "jwt-secret": secret });
  const before = rig.authorizer;
  await assert.rejects(rig.reload({ "jwt-jwks": server.url }), unavailable);
  assert.equal(rig.authorizer, before);
  assert.deepEqual(rig.logger.records, [], "the caller says why");
  server.answer = keys;
  await rig.reload({ "jwt-jwks": server.url });
  assert.notEqual(rig.authorizer, before);
  assert.equal(rig.authorizer?.keysMissing, false, "the keys are there from the first moment on");
  assert.equal(server.asked, 2, "they are not fetched again at once");
  const other = await endpoint(json("", 502));
  await assert.rejects(rig.reload({ "jwt-jwks": other.url }), unavailable);
});

test("known keys stay when other rules of tokens change while their JWKS is away", async () => {
  const server = await endpoint();
  const rig = await Rig.start({ "jwt-secret": secret });
  await rig.reload({ "jwt-jwks": server.url });
  server.answer = json("", 502);
  await rig.reload({ "jwt-jwks": server.url, "jwt-clock-tolerance": "5s" });
  assert.equal(rig.authorizer?.keysMissing, false);
  await server.waitForRequest(2);
});

test("a supervisor checks a JWKS that is new, and its workers take it over", async () => {
  const server = await endpoint(json("", 502));
  const rig = await Rig.start({ "jwt-secret": secret });
  const known = new KnownFiles(jwtSettings({ "jwt-secret": secret }));
  const next = jwtSettings({ "jwt-jwks": server.url });
  await assert.rejects(known.load(next, rig.logger), unavailable);
  server.answer = keys;
  known.changes(next, await known.load(next, rig.logger));
  server.answer = json("", 502);
  await known.load(next, rig.logger);
  assert.equal(server.asked, 2, "the same one is not asked again");
  await rig.reload({ "jwt-jwks": server.url }, true);
  assert.equal(rig.authorizer?.keysMissing, true);
});

test("another secret in the same file is taken over once, and levels each time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wss-node-reload-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "secret");
  writeFileSync(file, secret);
  const flags = { "jwt-secret-file": file };
  const rig = await Rig.start(flags);
  const before = rig.authorizer;
  assert.deepEqual(await rig.reload({ ...flags, "log-level": "warn" }), []);
  assert.equal(rig.authorizer, before);
  writeFileSync(file, `another-${secret}`);
  assert.deepEqual(await rig.reload(flags), ["keys and rules of tokens"]);
  assert.notEqual(rig.authorizer, before);
  assert.deepEqual(await rig.reload(flags), []);
  const levels = rig.levels.map(({ level }) => level);
  assert.deepEqual(levels, ["warn", "info", "info"]);
});

test("a certificate counts as changed where it is another one, and is used", async () => {
  const rig = await Rig.start({ "jwt-secret": secret });
  const settings = jwtSettings({ "jwt-secret": secret });
  const files = await rig.node.load(settings);
  const told = async (certificate: Rig["certificate"]): Promise<unknown[]> => {
    rig.certificate = certificate;
    rig.logger.records.length = 0;
    const changed = await rig.node.apply(settings, { ...files, tls: { cert: "", key: "" } });
    return [...changed, ...rig.logger.records.map(({ level, event }) => `${level} ${event}`)];
  };
  assert.deepEqual(await told({ taken: true, isSame: true }), []);
  const taken = ["certificate", "info tls-reloaded"];
  assert.deepEqual(await told({ taken: true, isSame: false }), taken);
  assert.deepEqual(await told({ taken: false, isSame: false }), ["warn tls-reload-failed"]);
});
