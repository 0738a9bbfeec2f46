import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../core/base/mod.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { waitFor } from "../../support/process/wait.ts";
import { Fixture } from "../../support/socket-fixture/combinations.ts";
import type { SuiteContext } from "./context.ts";

const crowd = 1_000;

async function hold(fixture: Fixture, path: string): Promise<RawClient> {
  const client = await RawClient.connect(fixture.port);
  client.write(handshakeText({ path }));
  return client;
}

/** Sends a command and waits for the answer to another behind it. */
async function settled(control: RawClient): Promise<number> {
  control.text("!held");
  return Number(await control.nextText());
}

/** Handshakes whose answer takes its time. */
export function waitingTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  test(`${name}: who leaves while a handshake waits is given up once, not opened`, async () => {
    const fixture = context.fixture();
    const control = await context.open("leave-control");
    const names = ["reset", "fin"];
    const clients = await Promise.all(names.map((one) => hold(fixture, `/held?name=${one}`)));
    await Promise.all(names.map((one) => fixture.event("held", one)));
    clients[0]?.reset();
    clients[1]?.socket.end();
    await waitFor(() => clients[0]?.closed && clients[1]?.socket.writableFinished);
    // At once, long before there is an answer: a place must not be kept for who has left.
    for (const one of names) await fixture.event("left", one);
    control.text("!release");
    await fixture.event("abandon", "reset");
    // A half-closed stream may be opened first, and found to be over then.
    const fin = await waitFor(
      () => fixture.events("abandon", "fin")[0] ?? fixture.events("close", "fin")[0],
    );
    await settled(control);
    const count = (event: string, of: string): number => fixture.events(event, of).length;
    assert.deepEqual([count("abandon", "reset"), count("open", "reset")], [1, 0]);
    const abandoned = fin.event === "abandon";
    assert.equal(count("abandon", "fin"), abandoned ? 1 : 0);
    assert.equal(count("open", "fin"), abandoned ? 0 : 1);
    assert.equal(count("close", "fin"), abandoned ? 0 : 1);
    for (const client of clients) client.destroy();
  });

  test(`${name}: who sends much early and leaves keeps no place`, async () => {
    const fixture = context.fixture();
    const control = await context.open("early-control");
    const client = await hold(fixture, "/held?name=much");
    await fixture.event("held", "much");
    // More than the gateway keeps, and than the kernel takes unread.
    client.write(new Uint8Array(8 * limits.earlyBytesMax));
    client.socket.end();
    await fixture.event("left", "much");
    control.text("!release");
    await settled(control);
    client.destroy();
  });

  test(`${name}: a thousand waiting handshakes hold up nothing, and are all opened`, async () => {
    const fixture = context.fixture();
    const control = await context.open("crowd-control");
    const clients: RawClient[] = [];
    for (let index = 0; index < crowd; index += 1) {
      clients.push(await hold(fixture, `/held?name=held-${index}`));
      if (index % 100 !== 0) continue;
      control.text(`message ${index}`);
      assert.equal(await control.nextText(), `message ${index}`);
    }
    await waitFor(async () => (await settled(control)) === crowd);
    control.text("last");
    assert.equal(await control.nextText(), "last");
    assert.ok(clients.every((client) => !client.closed && client.received.length === 0));
    control.text("!release");
    for (const [index, client] of clients.entries()) {
      assert.equal((await client.answer()).statusCode, 101);
      if (index % 100 === 0) {
        client.text("hello");
        assert.equal(await client.nextText(), "hello");
      }
      client.destroy();
    }
    assert.equal(fixture.events("abandon", "held-0").length, 0);
  });

  test(`${name}: a refusal after a wait`, async () => {
    const control = await context.open("refusal-control");
    const client = await hold(context.fixture(), "/held-rejected");
    const gone = await hold(context.fixture(), "/held-rejected");
    await waitFor(async () => (await settled(control)) === 2);
    gone.reset();
    await settled(control);
    control.text("!release");
    const answer = await client.answer();
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.headers.get("set-cookie"), "seen=1");
    assert.equal(await settled(control), 0);
    client.destroy();
  });

  test(`${name}: whoever waits for an answer is not cut for being slow`, async () => {
    const fixture = await Fixture.start(context.combination, { handshakeTimeoutMs: 1_000 });
    try {
      const control = await RawClient.open(fixture.port);
      const waiting = await hold(fixture, "/held?name=waiting");
      await fixture.event("held", "waiting");
      const slow = await RawClient.connect(fixture.port);
      slow.write("GET / HTTP/1.1\r\n");
      // Gap where it is not so: nothing there could cut the other one either.
      if (can.handshakeTimeout) await slow.end();
      assert.ok(!waiting.closed && !waiting.ended && !control.closed);
      control.text("!release");
      assert.equal((await waiting.answer()).statusCode, 101);
      waiting.text("hello");
      assert.equal(await waiting.nextText(), "hello");
      for (const client of [control, waiting, slow]) client.destroy();
    } finally {
      await fixture.stop();
    }
  });
}
