import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, type SettingSources } from "../../../../core/config/mod.ts";

function read(sources: Partial<SettingSources>): ReturnType<typeof readSettings> {
  return readSettings({ flags: {}, environment: {}, file: undefined, defaults: {}, ...sources });
}

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
