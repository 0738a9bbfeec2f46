import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayRuntime,
  gatewayRuntimes,
  type Started,
  spawnCommand,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { sign } from "../../support/keys/tokens.ts";
import type { Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** A gateway with a config file. */
class Rig {
  readonly folder: string = mkdtempSync(join(tmpdir(), "wss-reload-"));
  readonly #file: string = join(this.folder, "config.json");
  gateway!: Gateway;

  static async start(
    runtime: GatewayRuntime,
    settings: Readonly<Record<string, unknown>>,
    flags: readonly string[] = [],
  ): Promise<Rig> {
    const rig = new Rig();
    after(() => rmSync(rig.folder, { recursive: true, force: true }));
    rig.write(JSON.stringify(settings));
    rig.gateway = await startGateway({ runtime, flags: ["--config", rig.#file, ...flags] });
    return rig;
  }

  get info(): Started {
    return this.gateway.info;
  }

  write(text: string): void {
    writeFileSync(this.#file, text);
  }

  lines(event: string): Record<string, unknown>[] {
    return this.gateway.log.filter((line) => line.event === event);
  }

  /** SIGHUP; resolves to the message of the line that follows. */
  async hangup(event: string): Promise<string> {
    const before = this.lines(event).length;
    this.gateway.kill("SIGHUP");
    const line = await waitFor(() => this.lines(event)[before], { what: event });
    return String(line.message);
  }

  async post(
    headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const url = `http://127.0.0.1:${this.info.adminPort}/admin/reload`;
    const answer = await fetch(url, { method: "POST", headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** A command of the program, which asks the gateway. */
  async command(...words: readonly string[]): Promise<Program> {
    const admin = `http://127.0.0.1:${this.info.adminPort}`;
    const asked = spawnCommand([...words, "--admin", admin]);
    await asked.exited;
    return asked;
  }

  async status(headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const client = await RawClient.connect(this.info.port);
    client.write(handshakeText({ headers }));
    const { statusCode } = await client.answer();
    client.destroy();
    return statusCode;
  }
}

for (const runtime of gatewayRuntimes) {
  test(`${runtime}: SIGHUP takes over limits, origins and levels, and says which`, async () => {
    const first = { "allowed-origins": "https://a.example", "log-level": "info" };
    const rig = await Rig.start(runtime, first);
    const from = (name: string) => rig.status({ Origin: `https://${name}.example` });
    assert.deepEqual([await from("a"), await from("b")], [101, 403]);
    assert.deepEqual(rig.lines("handshake-refused"), []);
    rig.write(
      JSON.stringify({
        "allowed-origins": "https://b.example",
        "log-level": "info,handshake=debug",
        "max-connections": 1,
        "drain-period": "0ms",
      }),
    );
    const said = await rig.hangup("reloaded");
    assert.equal(
      said,
      "reloaded: log-level: info,handshake=debug, was info; " +
        "allowed-origins: https://b.example, was https://a.example; " +
        "max-connections: 1, was 1000000; after a restart: drain-period",
    );
    await waitFor(async () => (await from("b")) === 101, { what: "room for the one" });
    assert.equal(await from("a"), 403);
    const refused = await waitFor(() => rig.lines("handshake-refused").at(-1));
    assert.deepEqual(
      [refused.code, refused.address, refused.path, refused.status],
      ["origin-not-allowed", "127.0.0.1", "/", 403],
    );
    const held = await RawClient.open(rig.info.port);
    await waitFor(async () => (await from("b")) === 503, { what: "no room for a second" });
    held.destroy();
    assert.equal(
      await rig.hangup("reloaded"),
      "reloaded: nothing has changed; after a restart: drain-period",
    );
    assert.equal((await rig.gateway.stop()).code, 0);
  });

  test(`${runtime}: a wrong file is refused whole, and the old settings stay`, async () => {
    const rig = await Rig.start(runtime, { "allowed-origins": "https://a.example" });
    const from = (name: string) => rig.status({ Origin: `https://${name}.example` });
    const wrong: readonly [string, RegExp][] = [
      ['{"allowed-origins": "https://b.example", "max-connections": "many"}', /max-connections/],
      ['{"allowed-origins": "https://b.example", "prot": 1}', /unknown setting "prot"/],
      ['{"allowed-origins": "https://b.exam', /not JSON/],
      [
        '{"allowed-origins": "https://b.example", "log-level": "info,handshakes=debug"}',
        /log-level/,
      ],
    ];
    for (const [text, why] of wrong) {
      rig.write(text);
      const said = await rig.hangup("reload-refused");
      assert.match(said, /^nothing is reloaded, the old settings stay: /);
      assert.match(said, why);
      assert.deepEqual([await from("a"), await from("b")], [101, 403]);
    }
    const { status, body } = await rig.post();
    assert.deepEqual([status, body.reloaded, body.outcome], [422, false, "refused"]);
    assert.equal(body.code, "setting-invalid");
    assert.match(String(body.message), /log-level/);
    const command = await rig.command("reload");
    assert.equal((await command.exited).code, 2);
    assert.match(command.output, /log-level.*is not allowed/);
    assert.deepEqual(rig.lines("reloaded"), []);
    const [line] = rig.lines("reload-refused");
    assert.deepEqual([line?.level, line?.code], ["error", "setting-invalid"]);
    assert.equal((await rig.gateway.stop()).code, 0);
  });

  test(`${runtime}: a request to the admin port reloads, and stands in the log`, async () => {
    const rig = await Rig.start(runtime, { "max-connections": 5 });
    rig.write('{"max-connections": 7, "port": 1}');
    const plain = await rig.post({ "content-type": "text/plain" });
    assert.equal(plain.status, 415);
    const { status, body } = await rig.post();
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          reloaded: true,
          changed: ["max-connections: 7, was 5"],
          restart: [],
          outcome: "reloaded",
        },
      ],
    );
    await waitFor(() => rig.lines("admin-action").length === 2);
    const actions = rig.lines("admin-action").map((line) => {
      return [line.who, line.address, line.action, line.target, line.outcome];
    });
    assert.deepEqual(actions, [
      ["local", "127.0.0.1", "reload", "settings", "request-media-type"],
      ["local", "127.0.0.1", "reload", "settings", "reloaded"],
    ]);
    rig.write('{"max-connections": 9, "drain-period": "0ms"}');
    const command = await rig.command("reload");
    assert.equal((await command.exited).code, 0);
    assert.deepEqual(command.lines, [
      "max-connections: 9, was 7",
      "after a restart: drain-period",
    ]);
    assert.equal((await rig.gateway.stop()).code, 0);
  });

  test(`${runtime}: another key of tokens is taken over; a wrong one is not`, async () => {
    const [secret, other] = [
      "one-secret-of-32-bytes-or-even-more",
      "another-secret-of-32-bytes-or-more",
    ];
    const rig = new Rig();
    after(() => rmSync(rig.folder, { recursive: true, force: true }));
    const file = join(rig.folder, "secret");
    writeFileSync(file, secret);
    const flags = ["--authorize", "jwt", "--jwt-secret-file", file];
    rig.gateway = await startGateway({ runtime, flags });
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const withKey = async (key: string): Promise<number> => {
      const token = await sign("HS256", new TextEncoder().encode(key), { sub: "ann", exp });
      return rig.status({ Authorization: `Bearer ${token}` });
    };
    assert.deepEqual([await withKey(secret), await withKey(other)], [101, 401]);
    writeFileSync(file, "short");
    assert.match(await rig.hangup("reload-refused"), /jwt-secret/);
    assert.deepEqual([await withKey(secret), await withKey(other)], [101, 401]);
    writeFileSync(file, other);
    assert.equal(await rig.hangup("reloaded"), "reloaded: keys and rules of tokens");
    assert.deepEqual([await withKey(secret), await withKey(other)], [401, 101]);
    assert.equal(await rig.hangup("reloaded"), "reloaded: nothing has changed");
    assert.ok(!JSON.stringify(rig.gateway.log).includes(other));
    assert.equal((await rig.gateway.stop()).code, 0);
  });

  test(`${runtime}: workers take everything over, also those that start later`, async () => {
    const flags = ["--workers", "2"];
    const rig = await Rig.start(runtime, { "allowed-origins": "https://a.example" }, flags);
    const everyStatus = async (name: string): Promise<number[]> => {
      const all = Array.from({ length: 12 }, () =>
        rig.status({ Origin: `https://${name}.example` }),
      );
      return [...new Set(await Promise.all(all))];
    };
    rig.write('{"allowed-origins": "https://b.example", "max-connections": "no"}');
    assert.match(await rig.hangup("reload-refused"), /max-connections/);
    assert.deepEqual([await everyStatus("a"), await everyStatus("b")], [[101], [403]]);
    rig.write('{"allowed-origins": "https://b.example"}');
    await rig.hangup("reloaded");
    const taken = async (): Promise<boolean> =>
      (await everyStatus("b")).join() === "101" && (await everyStatus("a")).join() === "403";
    await waitFor(taken, { what: "both workers" });
    // One line, of the supervisor.
    assert.equal(rig.lines("reloaded").length, 1);
    const started = rig.lines("worker-started").find(({ worker }) => worker === 0);
    process.kill(Number(started?.pid), "SIGKILL");
    await waitFor(() => rig.lines("worker-started").length === 3);
    await waitFor(taken, { what: "the new worker" });
    assert.equal((await rig.gateway.stop()).code, 0);
  });
}
