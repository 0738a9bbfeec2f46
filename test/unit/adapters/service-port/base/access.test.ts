import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceLimits } from "../../../../../adapters/service-port/base/service-limits.ts";
import { ServiceRig } from "../../../../support/service-port/service-rig.ts";

const body = "[]";

test("without a token programs of this machine may send, and nobody else", async () => {
  const rig = new ServiceRig();
  const status = async (address: string, headers = {}): Promise<number> =>
    (await rig.ask("/commands", { body, address, headers })).status;
  for (const address of ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(await status(address), 200, address);
  }
  for (const address of ["10.0.0.1", "::2", "::ffff:10.0.0.1", "128.0.0.1", ""]) {
    assert.equal(await status(address), 403, address);
  }
  // A browser says where a request is from.
  assert.equal(await status("127.0.0.1", { origin: "http://evil.example" }), 403);
  assert.equal(rig.port.calls.length, 4);
  assert.ok(rig.refused.every(({ code }) => code === "request-forbidden"));
});

test("with a token whoever bears it may send, from anywhere", async () => {
  const rig = new ServiceRig({ token: "s3cret-s3cret" });
  const ask = (authorization: string | undefined) =>
    rig.ask("/commands", {
      body,
      address: "10.0.0.1",
      headers: authorization === undefined ? {} : { authorization },
    });
  assert.equal((await ask("Bearer s3cret-s3cret")).status, 200);
  assert.equal((await ask("bearer s3cret-s3cret")).status, 200);
  for (const wrong of [
    undefined,
    "Bearer s3cret",
    "Bearer ",
    "s3cret-s3cret",
    "Basic s3cret-s3cret",
  ]) {
    const answer = await ask(wrong);
    assert.equal(answer.status, 401, wrong);
    assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
    assert.doesNotMatch(answer.text, /s3cret/);
  }
  const local = await rig.ask("/commands", { body });
  assert.equal(local.status, 401, "from this machine too");
});

test("a body is not read before the sender may send", async () => {
  const rig = new ServiceRig({ token: "s3cret-s3cret" });
  const length = serviceLimits.bodyBytesMax + 1;
  assert.equal((await rig.ask("/sr", { body, length })).status, 401);
});

test("bodies and requests under way are bounded", async () => {
  let free = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    free = resolve;
  });
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  const run = rig.port.run.bind(rig.port);
  rig.port.run = async (app, commands) => {
    await waiting;
    return run(app, commands);
  };
  const send = JSON.stringify([["send", id, "x"]]);
  const asked = Array.from({ length: serviceLimits.requestsMax }, () =>
    rig.ask("/commands", { body: send }),
  );
  const full = await rig.ask("/commands", { body: send });
  assert.equal(full.status, 503);
  assert.equal((full.json as { code: string }).code, "requests-full");
  free();
  for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200);
  assert.equal((await rig.ask("/commands", { body: send })).status, 200);
});
