import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type LogLevels, readSettings, type Settings } from "../../../../../core/config/mod.ts";
import type { ProgramLogger } from "../../../../../runtimes/cli/programs/create-logger.ts";
import { KnownFiles, NodeReload } from "../../../../../runtimes/cli/programs/node-reload.ts";
import { createAuthorizer } from "../../../../../runtimes/cli/settings/mod.ts";
import type { Service } from "../../../../../runtimes/compose/mod.ts";
import { JwksServer, json } from "../../../../support/keys/jwks-server.ts";
import { createIssuer, secret } from "../../../../support/keys/tokens.ts";
import { ManualClock, MemoryLogger } from "../../../../support/memory/mod.ts";

const { jwk } = await createIssuer("ES256", "first");
const keys = json({ keys: [jwk] });

function settingsOf(flags: Readonly<Record<string, string>>): Settings {
  const all = { authorize: "jwt", "jwt-any-issuer": "true", "jwt-any-audience": "true", ...flags };
  return readSettings({ flags: all, environment: {}, file: undefined, defaults: {} });
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
    const settings = settingsOf(flags);
    const ports = { clock: new ManualClock(), logger: new MemoryLogger() };
    return new Rig(settings, await createAuthorizer(settings, ports));
  }

  async reload(flags: Readonly<Record<string, string>>, isWorker = false): Promise<string[]> {
    const settings = settingsOf(flags);
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
  const known = new KnownFiles(settingsOf({ "jwt-secret": secret }));
  const next = settingsOf({ "jwt-jwks": server.url });
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
  const settings = settingsOf({ "jwt-secret": secret });
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
