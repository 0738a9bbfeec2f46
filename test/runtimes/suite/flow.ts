import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawClient } from "../../support/clients/raw-client.ts";
import { clientFrame } from "../../support/clients/raw-client-frames.ts";
import { standstill, waitFor } from "../../support/process/wait.ts";
import type { SuiteContext } from "./context.ts";

const bigBytes = 30_000_000;

interface Stats {
  readonly messages: number;
  readonly buffered: number;
}

async function stats(control: RawClient, name: string): Promise<Stats> {
  control.text(`!stats ${name}`);
  return JSON.parse(await control.nextText()) as Stats;
}

/** Back-pressure in both directions. */
export function flowTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  test(`${name}: bytes that a client does not read are reported, and drain`, async () => {
    const control = await context.open("send-control");
    const client = await context.open("not-reading");
    client.socket.pause();
    client.text(`!big ${bigBytes}`);
    const sent = await context.fixture().event("sent", "not-reading");
    assert.equal(sent.sent, true);
    assert.ok(Number(sent.buffered) > bigBytes / 3, `${sent.buffered} bytes`);
    const still = await stats(control, "not-reading");
    assert.ok(still.buffered > bigBytes / 3, `${still.buffered} bytes`);
    client.socket.resume();
    assert.equal((await client.frame()).payload.length, bigBytes);
    await waitFor(async () => (await stats(control, "not-reading")).buffered === 0);
  });

  test(`${name}: ${can.pause ? "paused reading stops the client" : "gap: no pause"}`, async () => {
    const control = await context.open("pause-control");
    const client = await context.open("paused", { path: "/?mode=count" });
    control.text("!pause paused");
    assert.equal(await control.nextText(), String(can.pause));
    const count = 400;
    const frame = clientFrame({ opcode: 2, payload: Buffer.alloc(65_536) });
    for (let index = 0; index < count; index += 1) client.write(frame);
    if (can.pause) {
      const unsent = await standstill(async () => client.socket.writableLength);
      assert.ok(unsent > 0, "the kernel took everything");
      const { messages } = await stats(control, "paused");
      assert.ok(messages < count / 4, `${messages} messages came through`);
      control.text("!resume paused");
    }
    await waitFor(async () => (await stats(control, "paused")).messages === count);
  });

  test(`${name}: a client that pings and does not read costs little`, async () => {
    const control = await context.open("ping-control");
    const client = await context.open("pinging", { path: "/?mode=count" });
    client.socket.pause();
    client.text(`!big ${bigBytes}`);
    await context.fixture().event("sent", "pinging");
    const before = await stats(control, "pinging");
    const pings = Buffer.concat(
      Array.from({ length: 10_000 }, () => clientFrame({ opcode: 9, payload: "x".repeat(125) })),
    );
    client.write(pings);
    client.text("last");
    if (can.readsUnread) {
      await waitFor(async () => (await stats(control, "pinging")).messages === 2);
      const grown = (await stats(control, "pinging")).buffered - before.buffered;
      assert.ok(grown <= 65_536, `${grown} bytes of pongs`);
    } else {
      // A gap that bounds itself: Deno reads on only when its pong is out.
      await standstill(async () => client.socket.writableLength);
      assert.equal((await stats(control, "pinging")).messages, 1);
    }
    client.socket.resume();
    assert.equal((await client.frame()).payload.length, bigBytes);
    client.send({ opcode: 9, payload: "reading again" });
    const pong = await client.frame();
    assert.equal(pong.opcode, 10);
    // Gap where it is not so: what was asked while nobody read stays unanswered.
    assert.equal(pong.payload.toString() !== "reading again", can.latePongs);
    client.destroy();
  });
}
