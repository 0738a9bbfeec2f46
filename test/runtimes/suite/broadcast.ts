import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import { RawClient } from "../../support/clients/raw-client.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { Fixture } from "../../support/socket-fixture/combinations.ts";
import type { SuiteContext } from "./context.ts";

const offer = { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } };

/** A runtime's own fan-out, where it has one. */
export function broadcastTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  test(`${name}: ${can.publish ? "a" : "gap: no"} fan-out of the runtime's own`, async () => {
    assert.equal(context.fixture().canPublish, can.publish);
    const client = await context.open("no-fan-out");
    for (const command of ["!subscribe none", "!publish none lost", "!unsubscribe none"]) {
      client.text(command);
    }
    client.text("then");
    if (can.publish) assert.equal(await client.nextText(), "lost");
    assert.equal(await client.nextText(), "then");
  });
  if (!can.publish) return;

  /** Clients that take part in a topic of the name. */
  async function members(topic: string, count: number, handshake = {}): Promise<RawClient[]> {
    const names = Array.from({ length: count }, (_, index) => `${topic}-${index}`);
    const clients = await Promise.all(names.map((one) => context.open(one, handshake)));
    for (const client of clients) {
      client.text(`!subscribe ${topic}`);
      client.text("subscribed");
      assert.equal(await client.nextText(), "subscribed");
    }
    return clients;
  }

  test(`${name}: publish leaves one out, and who has unsubscribed`, async () => {
    const [one, two, three] = (await members("out", 3)) as [RawClient, RawClient, RawClient];
    const other = await context.open("out-other");
    one.text("!publish-to-others out first");
    assert.equal(await two.nextText(), "first");
    assert.equal(await three.nextText(), "first");
    two.text("!publish out before");
    two.text("!unsubscribe out");
    two.text("!publish out second");
    // Of somebody who takes no part nobody is left out.
    other.text("!publish-to-others out third");
    for (const client of [one, three]) {
      for (const text of ["before", "second", "third"]) {
        assert.equal(await client.nextText(), text);
      }
    }
    assert.equal(await two.nextText(), "before");
    two.text("nothing more");
    assert.equal(await two.nextText(), "nothing more");
  });

  test(`${name}: publish keeps the order with what is sent to one socket`, async () => {
    const [client] = (await members("order", 1)) as [RawClient];
    client.text("!publish-many order 1000");
    for (let index = 0; index < 1_000; index += 1) {
      assert.equal(await client.nextText(), `message ${index}`);
    }
  });

  test(`${name}: publish is compressed for those with permessage-deflate alone`, async () => {
    const [plain] = (await members("deflate", 1)) as [RawClient];
    const deflated = await context.open("deflate-on", offer);
    deflated.text("!subscribe deflate");
    const text = "a text that is long enough. ".repeat(20).trim();
    for (const each of [text, "short"]) deflated.text(`!publish deflate ${each}`);
    assert.deepEqual([await plain.nextText(), await plain.nextText()], [text, "short"]);
    const [long, short] = [await deflated.frame(), await deflated.frame()];
    assert.equal(long.reserved, 4);
    const whole = Buffer.concat([long.payload, Buffer.from([0, 0, 0xff, 0xff])]);
    const flush = { finishFlush: constants.Z_SYNC_FLUSH };
    assert.equal(inflateRawSync(whole, flush).toString(), text);
    assert.deepEqual([short.reserved, short.payload.toString()], [0, "short"]);
  });

  for (const bytes of [8_000, 1_000_000]) {
    test(`${name}: published messages of ${bytes} wait for a slow client`, async () => {
      const topic = `slow-${bytes}`;
      const [slow, fast] = (await members(topic, 2)) as [RawClient, RawClient];
      slow.socket.pause();
      const rounds = Math.ceil(20_000_000 / (30 * bytes));
      const buffered = async (): Promise<number> => {
        fast.text(`!stats ${topic}-0`);
        for (;;) {
          const frame = await fast.frame();
          if (frame.opcode === 1) return JSON.parse(frame.payload.toString()).buffered;
        }
      };
      for (let round = 0; round < rounds; round += 1) {
        fast.text(`!publish-big ${topic} ${bytes}`);
        for (let index = 0; index < 30; index += 1) await fast.frame();
      }
      assert.ok((await buffered()) > 10_000_000);
      slow.socket.resume();
      for (let index = 0; index < rounds * 30; index += 1) {
        const { opcode, payload } = await slow.frame();
        assert.deepEqual([opcode, payload.length, payload[0]], [2, bytes, index % 30]);
      }
      await waitFor(async () => (await buffered()) === 0);
    });
  }

  const skip = skipWithout("openssl");
  test(`${name}: publish reaches those from before a new certificate, too`, { skip }, async () => {
    using authority = new Authority();
    const { certFile, keyFile } = authority.issue("broadcast", "broadcast");
    const tls = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    const fixture = await Fixture.start(context.combination, { tls });
    try {
      const open = async (): Promise<RawClient> => {
        const client = await RawClient.secure(fixture.port, authority.ca);
        await client.upgrade();
        client.text("!subscribe all");
        return client;
      };
      const clients: RawClient[] = [];
      for (let round = 0; round < 3; round += 1) {
        const client = await open();
        clients.push(client);
        client.text("!reload-tls");
        assert.equal(await client.nextText(), "reloaded");
      }
      clients.push(await open());
      for (const publisher of clients) {
        publisher.text("!publish-to-others all others");
        publisher.text("!publish all everybody");
        for (const client of clients) {
          if (client !== publisher) assert.equal(await client.nextText(), "others");
          assert.equal(await client.nextText(), "everybody");
        }
      }
      for (const client of clients) client.destroy();
    } finally {
      await fixture.stop();
    }
  });

  test(`${name}: a close frame follows what was published, and nothing follows it`, async () => {
    const [closing, other] = (await members("close", 2)) as [RawClient, RawClient];
    closing.text("!publish-and-close close");
    assert.equal(await closing.nextText(), "before");
    assert.deepEqual(await closing.closeFrame(), { code: 4001, reason: "enough" });
    assert.deepEqual([await other.nextText(), await other.nextText()], ["before", "after"]);
    closing.destroy();
    await context.fixture().event("close", "close-0");
    other.text("!publish close later");
    assert.equal(await other.nextText(), "later");
  });
}
