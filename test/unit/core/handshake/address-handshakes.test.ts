import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressHandshakes } from "../../../../core/handshake/address-handshakes.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";

test("handshakes of one address: so many wait, whoever waits elsewhere", () => {
  const options = { handshakesPerIpMax: 2, handshakesPerIpPerSecondMax: 0 };
  const addresses = new AddressHandshakes(new ManualClock(), options);
  const begun = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) =>
    addresses.begin(address),
  );
  assert.deepEqual(begun, [undefined, undefined, "handshakes-per-ip", undefined]);
  addresses.end("192.0.2.1");
  assert.equal(addresses.begin("192.0.2.1"), undefined);
  assert.equal(addresses.waiting("192.0.2.1"), 2);
  // Whoever has one address of such a network has all of them.
  assert.deepEqual(
    ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map((address) => addresses.begin(address)),
    [undefined, undefined, "handshakes-per-ip"],
  );
});

test("handshakes of one address: so many begin in a second, though none waits", () => {
  const clock = new ManualClock();
  const options = { handshakesPerIpMax: 0, handshakesPerIpPerSecondMax: 3 };
  const addresses = new AddressHandshakes(clock, options);
  const begin = (address: string): unknown => {
    const code = addresses.begin(address);
    if (code === undefined) addresses.end(address);
    return code;
  };
  const rate = "handshake-rate";
  const all = ["a", "a", "a", "a", "b"].map(begin);
  assert.deepEqual(all, [undefined, undefined, undefined, rate, undefined]);
  clock.advance(999);
  assert.equal(begin("a"), rate);
  clock.advance(1);
  assert.equal(begin("a"), undefined);
  assert.equal(addresses.waiting("a"), 0);
});

test("a flood of handshakes from one address is refused with 429, and counted", async () => {
  const rig = await HandshakeRig.start({
    handshakesPerIpMax: 3,
    handshakesPerIpPerSecondMax: 4,
  });
  const first = [await rig.ask(), await rig.ask(), await rig.ask()];
  assert.equal(rig.refusal(await rig.ask()), "429 handshakes-per-ip");
  await rig.decide(...rig.asked().map((id): [string, string, number] => ["reject", id, 403]));
  for (const index of first) assert.equal(rig.refusal(index), "403 handshake-rejected");
  const waits = await rig.ask();
  assert.equal(rig.answers[waits], undefined);
  assert.equal(rig.refusal(await rig.ask()), "429 handshake-rate");
  assert.equal(rig.node.errors("handshake-rate"), 1);
  await rig.wait(5_000);
  rig.isEmpty();
});

test("who waits counts for the connections of its address", async () => {
  const rig = await HandshakeRig.start({ guard: { connectionsPerIpMax: 2 } });
  const index = await rig.ask();
  await rig.decide(["accept", rig.asked()[0], {}]);
  const socket = rig.open(index);
  await rig.ask();
  assert.equal(rig.refusal(await rig.ask()), "503 connections-per-ip");
  socket.cut();
  await rig.wait(5_000);
  rig.isEmpty();
});
