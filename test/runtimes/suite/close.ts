import assert from "node:assert/strict";
import { test } from "node:test";
import { closePayload } from "../../support/clients/raw-client-frames.ts";
import { standstill } from "../../support/process/wait.ts";
import type { SuiteContext } from "./context.ts";

/** Endings: RFC 6455, 7. */
export function closeTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  /** Waits for the close event and checks that it is the only one. */
  async function closedOnce(connection: string): Promise<[unknown, unknown]> {
    const fact = await context.fixture().event("close", connection);
    const other = await context.open(`after-${connection}`);
    other.text("ping-pong");
    await other.nextText();
    assert.equal(context.fixture().events("close", connection).length, 1);
    return [fact.closeCode, fact.closeReason];
  }

  test(`${name}: a client's close is echoed, and told with code and reason`, async () => {
    const client = await context.open("client-close");
    client.send({ opcode: 8, payload: closePayload(4002, "tschüß") });
    assert.deepEqual(await client.closeFrame(), { code: 4002, reason: "tschüß" });
    await client.end();
    client.destroy();
    assert.deepEqual(await closedOnce("client-close"), [4002, "tschüß"]);
  });

  test(`${name}: a close frame without a code is 1005`, async () => {
    const client = await context.open("no-code");
    client.send({ opcode: 8 });
    const answer = await client.closeFrame();
    assert.ok(answer?.code === 1005 || answer?.code === 1000, `${answer?.code}`);
    await client.end();
    client.destroy();
    assert.deepEqual(await closedOnce("no-code"), [1005, ""]);
  });

  for (const [code, reason] of [
    [4001, "auf Wiedersehen, Grüße"],
    [1012, ""],
    [1000, "x".repeat(123)],
  ] as const) {
    test(`${name}: our own close with ${code} comes after what was sent before`, async () => {
      const client = await context.open(`own-${code}`);
      client.text(`!close ${code} ${reason}`);
      assert.equal(await client.nextText(), "before");
      assert.deepEqual(await client.closeFrame(), { code, reason });
      assert.equal((await context.fixture().event("sent", `own-${code}`)).sent, false);
      client.send({ opcode: 8, payload: closePayload(code) });
      await client.end();
      client.destroy();
      assert.deepEqual(await closedOnce(`own-${code}`), [code, reason]);
    });
  }

  test(`${name}: what comes behind a close frame is ignored`, async () => {
    const client = await context.open("behind");
    client.send(
      { opcode: 1, payload: "one" },
      { opcode: 8, payload: closePayload(1000) },
      { opcode: 1, payload: "two" },
      { opcode: 3, payload: "no frame at all" },
    );
    assert.equal(await client.nextText(), "one");
    assert.equal((await client.closeFrame())?.code, 1000);
    await client.end();
    client.destroy();
    const fact = await context.fixture().event("close", "behind");
    assert.deepEqual([fact.closeCode, fact.messages], [1000, 1]);
    assert.deepEqual(context.fixture().events("fault", "behind"), []);
  });

  for (const [what, frame] of [
    ["a fault", { opcode: 3 }],
    ["its own close", { opcode: 8, payload: closePayload(1000) }],
  ] as const) {
    const gap = can.boundsClosing ? "" : "gap: ";
    test(`${name}: ${gap}what a client sends after ${what} is not read without end`, async () => {
      const client = await context.open(`flood-after-${frame.opcode}`);
      client.send(frame);
      if (can.faultFrame || frame.opcode === 8) await client.closeFrame();
      // Kernels hold some of it, on both sides.
      const mebibytes = 64;
      let taken = 0;
      const chunk = Buffer.alloc(1_048_576);
      for (let index = 0; index < mebibytes; index += 1) {
        client.socket.write(chunk, (error) => {
          if (!error) taken += 1;
        });
      }
      // Without a bound it may be all of it, or until the runtime resets the stream.
      await standstill(async () => (client.closed ? -1 : taken));
      if (can.boundsClosing) assert.ok(taken < mebibytes / 2, `${taken} MiB were taken`);
      client.destroy();
      await context.fixture().event("close", `flood-after-${frame.opcode}`);
    });
  }

  test(`${name}: a reset is 1006, once`, async () => {
    const client = await context.open("reset");
    client.text("hello");
    await client.nextText();
    client.reset();
    assert.deepEqual(await closedOnce("reset"), [1006, ""]);
  });

  test(`${name}: a client that half-closes is 1006, once`, async () => {
    const client = await context.open("half");
    client.send({ opcode: 1, fin: false, payload: "never fini" });
    client.socket.end();
    await client.end();
    assert.deepEqual(await closedOnce("half"), [1006, ""]);
  });

  test(`${name}: ${can.terminate ? "terminate cuts" : "gap: terminate only closes"}`, async () => {
    const client = await context.open("cut");
    client.text("!terminate");
    if (can.terminate) assert.equal(await client.closeFrame(), undefined);
    else assert.equal((await client.closeFrame())?.code, 1005);
    client.destroy();
    assert.deepEqual(await closedOnce("cut"), [1006, ""]);
  });
}
