import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
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
  readonly logger: MemoryLogger & ProgramLogger = Object.assign(new MemoryLogger(), {
    setLevels: () => {},
  });
  readonly node: NodeReload;
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
    };
    this.node = new NodeReload(service as unknown as Service, authorizer, this.logger);
    after(() => this.authorizer?.close());
  }

  static async start(flags: Readonly<Record<string, string>>): Promise<Rig> {
    const settings = settingsOf(flags);
    const ports = { clock: new ManualClock(), logger: new MemoryLogger() };
    return new Rig(settings, await createAuthorizer(settings, ports));
  }

  async reload(flags: Readonly<Record<string, string>>, isWorker = false): Promise<void> {
    const settings = settingsOf(flags);
    await this.node.apply(settings, await this.node.load(settings, isWorker));
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
