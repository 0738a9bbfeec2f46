import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../../../../core/config/mod.ts";
import { readBrokerLogin } from "../../../../../runtimes/cli/settings/broker-login.ts";

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
