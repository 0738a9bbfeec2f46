import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
import { readBrokerLogin } from "../../../../../runtimes/cli/settings/broker-login.ts";
import {
  adviceOn,
  changesOf,
  createAuthorizer,
} from "../../../../../runtimes/cli/settings/mod.ts";
import { ManualClock, MemoryLogger } from "../../../../support/memory/mod.ts";

function login(flags: Readonly<Record<string, string>>): unknown {
  const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
  return readBrokerLogin(settings);
}

test("an embedded broker that others reach needs a user and a password", () => {
  assert.equal(login({}), undefined, "only this machine reaches it");
  assert.throws(() => login({ "broker-host": "0.0.0.0" }), /--broker-host 0\.0\.0\.0/);
  assert.throws(() => login({ "broker-host": "192.0.2.1" }), { code: "setting-invalid" });
  const account = { "broker-user": "me", "broker-password": "mine" };
  const expected = { user: "me", password: "mine" };
  assert.deepEqual(login({ "broker-host": "0.0.0.0", ...account }), expected);
});

/** What is said of the file of `setting`. */
async function refusalOf(setting: "jwt-secret-file" | "jwt-key", text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  const path = join(folder, "key");
  writeFileSync(path, text);
  const flags = { authorize: "jwt", [setting]: path };
  const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
  try {
    await createAuthorizer(settings, { clock: new ManualClock(), logger: new MemoryLogger() });
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a key that cannot be used is told by the setting that gave it", async () => {
  const short = await refusalOf("jwt-secret-file", "too short\n");
  assert.equal(short, "jwt-secret-file: must have at least 32 bytes");
  for (const text of ["", "\n"]) {
    assert.match(await refusalOf("jwt-secret-file", text), /^--jwt-secret-file: .* is empty$/);
  }
  const pem = `-----BEGIN PUBLIC KEY-----\n${"A".repeat(64)}\n-----END PUBLIC KEY-----\n`;
  assert.match(await refusalOf("jwt-secret-file", pem), /^jwt-secret-file: is a PEM file; /);
  assert.match(await refusalOf("jwt-key", ""), /^--jwt-key: .* is empty$/);
  assert.match(await refusalOf("jwt-key", "no key"), /^jwt-key: must be a PEM file/);
  assert.equal(await refusalOf("jwt-secret-file", "a secret of thirty-two bytes, or more"), "");
});

function read(file: Readonly<Record<string, unknown>>): Settings {
  return readSettings({ flags: {}, environment: {}, file, defaults: {} });
}

test("a change is told with the former value, and a secret only by its name", () => {
  const secrets = ["x", "y"].map((letter) => letter.repeat(40));
  const current = read({ "jwt-secret": secrets[0], "max-connections": 5 });
  const next = read({
    "jwt-secret": secrets[1],
    "allowed-origins": "https://a.example,https://b.example",
    "log-level": "warn,broker=debug",
  });
  const { changed, restart, settings } = changesOf(current, next);
  assert.deepEqual(changed, [
    "log-level: warn,broker=debug, was info",
    "allowed-origins: https://a.example,https://b.example, was empty",
    "max-connections: 1000000, was 5",
    "jwt-secret",
  ]);
  assert.deepEqual(restart, []);
  assert.deepEqual(settings, next);
});

test("what cannot change stays as it is, and is named", () => {
  const current = read({ port: 1, "max-connections": 5 });
  const { changed, restart, settings } = changesOf(current, read({ port: 2, partitions: 3 }));
  assert.deepEqual(restart, ["port", "partitions"]);
  assert.deepEqual(changed, ["max-connections: 1000000, was 5"]);
  assert.deepEqual(settings, { ...current, "max-connections": 1_000_000 });
});

test("another certificate is taken over, a first one and the last one are not", () => {
  const [none, one, other] = [
    read({}),
    read({ "tls-cert": "a.crt", "tls-key": "a.key" }),
    read({ "tls-cert": "b.crt", "tls-key": "b.key" }),
  ] as const;
  assert.deepEqual(changesOf(one, other).restart, []);
  for (const [from, to] of [
    [none, one],
    [one, none],
  ] as const) {
    const { restart, settings } = changesOf(from, to);
    assert.deepEqual(restart, ["tls-cert", "tls-key"]);
    assert.deepEqual(settings, from);
  }
});

function adviceFor(flags: Readonly<Record<string, string>>): string[] {
  return adviceOn(readSettings({ flags, environment: {}, file: undefined, defaults: {} }));
}

test("an admin port that browsers refuse gets a line, and no other port does", () => {
  for (const port of ["1", "22", "5060", "6000", "6669", "10080"]) {
    const [line, ...more] = adviceFor({ "admin-port": port });
    assert.match(line ?? "", new RegExp(`^--admin-port ${port} is a port that browsers refuse`));
    assert.equal(more.length, 0);
  }
  for (const port of ["0", "80", "443", "8081", "6664", "6670", "10081"]) {
    assert.deepEqual(adviceFor({ "admin-port": port }), [], port);
  }
});

test("messages that may be sent and fit no client's queue get a line", () => {
  const queue = { "send-queue-size": "64KiB" };
  const [line, ...more] = adviceFor({ ...queue, "max-publish-size": "65537" });
  assert.match(line ?? "", /^--max-publish-size is above --send-queue-size: .*queue-too-small/);
  assert.equal(more.length, 0);
  assert.deepEqual(adviceFor({ ...queue, "max-publish-size": "64KiB" }), []);
});
