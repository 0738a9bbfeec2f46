import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
import {
  checkCluster,
  checkIgnored,
  checkPlainGetStatus,
} from "../../../../../runtimes/cli/settings/http-settings.ts";

function read(flags: Readonly<Record<string, string>>): Settings {
  const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
  checkCluster(settings);
  checkIgnored(settings);
  checkPlainGetStatus(settings);
  return settings;
}

const secret = "0123456789abcdef";
const here = { cluster: "http", peers: "http://127.0.0.1:1,http://localhost:2,http://[::1]:3" };

test("a cluster over HTTP has no broker", () => {
  assert.equal(read(here).broker, "none");
  assert.equal(read({ ...here, broker: "none" }).broker, "none");
  assert.throws(() => read({ ...here, broker: "embedded" }), /--cluster http: .* --broker out/);
  assert.equal(read({}).broker, "embedded");
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
    assert.throws(() => read(flags), missing);
    assert.equal(read({ ...flags, "cluster-secret": secret }).cluster, "http");
  }
});

test("what would be ignored is refused, and so is what would not be meant", () => {
  assert.throws(() => read({ cluster: "http" }), /--cluster http needs --peers/);
  assert.throws(() => read({ peers: "http://127.0.0.1:1" }), /--peers needs --cluster http/);
  assert.throws(() => read({ "cluster-secret": secret }), /--cluster-secret needs --cluster http/);
  assert.throws(() => read({ "cluster-port": "1" }), /--cluster-port needs --cluster http/);
  assert.throws(() => read({ "cluster-host": "::" }), /--cluster-host needs --cluster http/);
  const wrong = [
    "127.0.0.1:1",
    "ws://127.0.0.1:1",
    "http://127.0.0.1:1/path",
    "http://127.0.0.1:1/?query",
    "http://127.0.0.1:1/#hash",
    "http://user:password@127.0.0.1:1",
    "http://",
  ];
  for (const peers of wrong) assert.throws(() => read({ ...here, peers }), /--peers: /, peers);
  assert.equal(read({ ...here, peers: "http://127.0.0.1:1/" }).peers.length, 1);
});

test("a secret is long enough, and no message shows it", () => {
  for (const text of ["short", "with a blank in it", "ä".repeat(20)]) {
    const flags = { ...here, "cluster-secret": text };
    assert.throws(
      () => read(flags),
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
    assert.throws(() => read({ [name]: value }), { code: "setting-invalid", message });
    const settings = read({ [name]: value, origin: "http://127.0.0.1:1/" });
    assert.equal(settings.origin.length, 1);
  }
  assert.equal(read({ "origin-format": "original" }).origin.length, 0, "it is the default");
});

test("what belongs to the service port is refused without one", () => {
  const flags = {
    "service-host": "::1",
    "service-token": "not-to-be-shown",
    "aws-access-keys-file": "keys",
  };
  for (const [name, value] of Object.entries(flags)) {
    const message = `--${name} needs --service-port`;
    assert.throws(() => read({ [name]: value }), { code: "setting-invalid", message });
    assert.equal(read({ [name]: value, "service-port": "0" })["service-port"], 0);
  }
  assert.equal(read({ "plain-get-status": "400" })["plain-get-status"], 400);
});

test("a plain GET is answered with a body, so not with a status that has none", () => {
  for (const status of ["204", "205", "304"]) {
    const message = `--plain-get-status: ${status} has no body, but the answer has one`;
    assert.throws(() => read({ "plain-get-status": status }), {
      code: "setting-invalid",
      message,
    });
  }
});
