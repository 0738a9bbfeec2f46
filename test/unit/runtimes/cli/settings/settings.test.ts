import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
import { readBrokerLogin } from "../../../../../runtimes/cli/settings/broker-login.ts";
import {
  checkCluster,
  checkIgnored,
  checkPlainGetStatus,
} from "../../../../../runtimes/cli/settings/http-settings.ts";
import {
  adviceOn,
  changesOf,
  createAuthorizer,
} from "../../../../../runtimes/cli/settings/mod.ts";
import { ManualClock, MemoryLogger } from "../../../../support/memory/mod.ts";

function settingsOf(flags: Readonly<Record<string, string>>): Settings {
  return readSettings({ flags, environment: {}, file: undefined, defaults: {} });
}

const login = (flags: Readonly<Record<string, string>>) => readBrokerLogin(settingsOf(flags));

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
  const settings = settingsOf(flags);
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

const adviceFor = (flags: Readonly<Record<string, string>>) => adviceOn(settingsOf(flags));

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

function checked(flags: Readonly<Record<string, string>>): Settings {
  const settings = settingsOf(flags);
  checkCluster(settings);
  checkIgnored(settings);
  checkPlainGetStatus(settings);
  return settings;
}

const secret = "0123456789abcdef";
const here = { cluster: "http", peers: "http://127.0.0.1:1,http://localhost:2,http://[::1]:3" };

test("a cluster over HTTP has no broker", () => {
  assert.equal(checked(here).broker, "none");
  assert.equal(checked({ ...here, broker: "none" }).broker, "none");
  assert.throws(() => checked({ ...here, broker: "embedded" }), /--cluster http: .* --broker out/);
  assert.equal(checked({}).broker, "embedded");
});

test("beyond this machine nodes need a secret, and the line names the setting", () => {
  const missing = /^ServiceError: --cluster-secret is missing/;
  const open: readonly Readonly<Record<string, string>>[] = [
    { ...here, peers: "http://10.0.0.1:8083" },
    { ...here, peers: `${here.peers},http://nodes.example:8083` },
    { ...here, "cluster-host": "0.0.0.0" },
    { ...here, "cluster-host": "::" },
  ];
  for (const flags of open) {
    assert.throws(() => checked(flags), missing);
    assert.equal(checked({ ...flags, "cluster-secret": secret }).cluster, "http");
  }
});

test("what would be ignored is refused, and so is what would not be meant", () => {
  assert.throws(() => checked({ cluster: "http" }), /--cluster http needs --peers/);
  assert.throws(() => checked({ peers: "http://127.0.0.1:1" }), /--peers needs --cluster http/);
  assert.throws(
    () => checked({ "cluster-secret": secret }),
    /--cluster-secret needs --cluster http/,
  );
  assert.throws(() => checked({ "cluster-port": "1" }), /--cluster-port needs --cluster http/);
  assert.throws(() => checked({ "cluster-host": "::" }), /--cluster-host needs --cluster http/);
  const wrong = [
    "127.0.0.1:1",
    "ws://127.0.0.1:1",
    "http://127.0.0.1:1/path",
    "http://127.0.0.1:1/?query",
    "http://127.0.0.1:1/#hash",
    "http://user:password@127.0.0.1:1",
    "http://",
  ];
  for (const peers of wrong) assert.throws(() => checked({ ...here, peers }), /--peers: /, peers);
  assert.equal(checked({ ...here, peers: "http://127.0.0.1:1/" }).peers.length, 1);
});

test("a secret is long enough, and no message shows it", () => {
  for (const text of ["short", "with a blank in it", "ä".repeat(20)]) {
    const flags = { ...here, "cluster-secret": text };
    assert.throws(
      () => checked(flags),
      ({ message }: Error) => {
        assert.match(message, /--cluster-secret: the given value is not allowed/);
        return !message.includes(text);
      },
    );
  }
});

test("what belongs to an origin over HTTP is refused without one", () => {
  const flags = {
    "origin-format": "batch",
    "origin-name": "shop",
    "origin-window": "5",
    "origin-retry": "0ms",
    "origin-secret": "not to be shown",
    "origin-replies": "false",
    "aws-stage": "prod",
    "aws-domain-name": "api.example.org",
  };
  for (const [name, value] of Object.entries(flags)) {
    const message = `--${name} needs --origin`;
    assert.throws(() => checked({ [name]: value }), { code: "setting-invalid", message });
    const settings = checked({ [name]: value, origin: "http://127.0.0.1:1/" });
    assert.equal(settings.origin.length, 1);
  }
  assert.equal(checked({ "origin-format": "original" }).origin.length, 0, "it is the default");
});

test("what belongs to the service port is refused without one", () => {
  const flags = {
    "service-host": "::1",
    "service-token": "not-to-be-shown",
    "aws-access-keys-file": "keys",
  };
  for (const [name, value] of Object.entries(flags)) {
    const message = `--${name} needs --service-port`;
    assert.throws(() => checked({ [name]: value }), { code: "setting-invalid", message });
    assert.equal(checked({ [name]: value, "service-port": "0" })["service-port"], 0);
  }
  assert.equal(checked({ "plain-get-status": "400" })["plain-get-status"], 400);
});

test("a plain GET is answered with a body, so not with a status that has none", () => {
  for (const status of ["204", "205", "304"]) {
    const message = `--plain-get-status: ${status} has no body, but the answer has one`;
    assert.throws(() => checked({ "plain-get-status": status }), {
      code: "setting-invalid",
      message,
    });
  }
});
