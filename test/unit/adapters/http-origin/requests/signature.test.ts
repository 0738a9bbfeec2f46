import assert from "node:assert/strict";
import { test } from "node:test";
import { Signer } from "../../../../../adapters/http-origin/mod.ts";

/** The example of the Standard Webhooks libraries. */
const vector = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  seconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
} as const;

test("a request is signed as the Standard Webhooks libraries sign it", () => {
  const { secret, id, seconds, body, signature } = vector;
  const expected = {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signature,
  };
  assert.deepEqual(new Signer(secret).sign(id, seconds * 1_000 + 999, body), expected);
  const bytes = new TextEncoder().encode(body);
  assert.deepEqual(new Signer(secret).sign(id, seconds * 1_000, bytes), expected);
});

test("another text is the key itself, and several secrets sign side by side", () => {
  const plain = new Signer("secret").sign("a", 1_000, "{}")["webhook-signature"];
  const same = `whsec_${btoa("secret")}`;
  assert.equal(new Signer(same).sign("a", 1_000, "{}")["webhook-signature"], plain);
  const both = new Signer(`secret ${vector.secret}`).sign("a", 1_000, "{}");
  const second = new Signer(vector.secret).sign("a", 1_000, "{}");
  assert.equal(both["webhook-signature"], `${plain} ${second["webhook-signature"]}`);
});

test("id, time and body are all signed", () => {
  const signer = new Signer("secret");
  const base = signer.sign("a", 1_000, "{}")["webhook-signature"];
  for (const other of [
    signer.sign("b", 1_000, "{}"),
    signer.sign("a", 2_000, "{}"),
    signer.sign("a", 1_000, "[]"),
  ]) {
    assert.notEqual(other["webhook-signature"], base);
  }
});
