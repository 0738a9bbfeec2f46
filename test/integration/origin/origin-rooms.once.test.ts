import assert from "node:assert/strict";
import { test } from "node:test";
import { startRoomsOrigin } from "../../../examples/rooms/origin.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";

test("the rooms of docs/origin.md: who comes in, groups, users, state, who is there", async () => {
  await using broker = await Mosquitto.start();
  const users = new Map([
    ["t1", "ada"],
    ["t2", "bob"],
    ["t3", "cid"],
  ]);
  await using origin = await startRoomsOrigin({ broker: broker.url(), users });
  const errors: unknown[] = [];
  origin.on("error", ({ error }) => void errors.push(error));
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--drain-period", "0ms"];
  const [one, two] = await Promise.all([startGateway({ flags }), startGateway({ flags })]);
  const stranger = await RawClient.connect(one.info.port);
  stranger.write(handshakeText({ path: "/tea?token=none" }));
  const { statusCode, body } = await stranger.wholeAnswer();
  assert.deepEqual([statusCode, body], [401, "who are you?"]);
  const ada = await RawClient.open(one.info.port, { path: "/tea?token=t1" });
  const bob = await RawClient.open(two.info.port, { path: "/tea?token=t2" });
  const cid = await RawClient.open(two.info.port, { path: "/?token=t3" });
  ada.text("hello");
  assert.equal(await bob.nextText(), "ada (1): hello");
  ada.text("/who");
  assert.equal(await ada.nextText(), "ada, bob");
  ada.text("still here");
  assert.equal(await bob.nextText(), "ada (2): still here");
  cid.text("/move tea");
  for (const client of [ada, bob, cid]) {
    assert.equal(await client.nextText(), "cid came from lobby");
  }
  cid.text("/tell ada psst");
  assert.equal(await ada.nextText(), "psst");
  assert.equal(await cid.nextText(), "ada has it");
  cid.text("/tell eve psst");
  assert.equal(await cid.nextText(), "eve is not there");
  bob.text("/kick cid");
  assert.deepEqual(await cid.closeFrame(), { code: 4_000, reason: "kicked" });
  assert.deepEqual(errors, []);
  for (const client of [ada, bob]) client.destroy();
});
