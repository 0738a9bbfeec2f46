import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import type { RawClient } from "../../support/clients/raw-client.ts";
import { type ClientFrame, closePayload } from "../../support/clients/raw-client-frames.ts";
import type { SuiteContext } from "./context.ts";

interface Fault {
  readonly what: string;
  readonly frames: readonly ClientFrame[];
  readonly code: string;
  readonly closeCode: number;
}

const text = "x";
const faults: readonly Fault[] = [
  ...[1, 2, 4].map((reserved) => ({
    what: `reserved bits ${reserved}`,
    frames: [{ opcode: 1, reserved, payload: text }],
    code: "frame-reserved-bits",
    closeCode: 1002,
  })),
  ...[3, 7, 11, 15].map((opcode) => ({
    what: `opcode ${opcode}`,
    frames: [{ opcode, payload: text }],
    code: "frame-opcode",
    closeCode: 1002,
  })),
  {
    what: "a fragmented ping",
    frames: [{ opcode: 9, fin: false }],
    code: "frame-control-fragmented",
    closeCode: 1002,
  },
  {
    what: "a ping of 126 bytes",
    frames: [{ opcode: 9, payload: "x".repeat(126) }],
    code: "frame-control-too-long",
    closeCode: 1002,
  },
  {
    what: "a continuation of nothing",
    frames: [{ opcode: 0, payload: text }],
    code: "frame-unexpected-continuation",
    closeCode: 1002,
  },
  {
    what: "a message within a message",
    frames: [
      { opcode: 1, fin: false, payload: text },
      { opcode: 1, payload: text },
    ],
    code: "frame-expected-continuation",
    closeCode: 1002,
  },
  {
    what: "a close payload of one byte",
    frames: [{ opcode: 8, payload: Buffer.from([3]) }],
    code: "frame-close-payload",
    closeCode: 1002,
  },
  ...[999, 1004, 1005, 1006, 1016, 2999, 5000].map((code) => ({
    what: `close code ${code}`,
    frames: [{ opcode: 8, payload: closePayload(code) }],
    code: "frame-close-code",
    closeCode: 1002,
  })),
  {
    what: "a close reason that is no UTF-8",
    frames: [{ opcode: 8, payload: Buffer.from([3, 0xe8, 0xc3, 0x28]) }],
    code: "message-not-utf8",
    closeCode: 1007,
  },
  ...["c0af", "eda080", "f4908080", "e28261", "ff"].map((hex) => ({
    what: `a text of ${hex}`,
    frames: [{ opcode: 1, payload: Buffer.from(hex, "hex") }],
    code: "message-not-utf8",
    closeCode: 1007,
  })),
  {
    what: "a message of 1 MiB and one byte",
    frames: [{ opcode: 2, payload: Buffer.alloc(1_048_577) }],
    code: "message-too-big",
    closeCode: 1009,
  },
  {
    what: "fragments that pass 1 MiB together",
    frames: [
      { opcode: 2, fin: false, payload: Buffer.alloc(1_048_576) },
      { opcode: 0, payload: "x" },
    ],
    code: "message-too-big",
    closeCode: 1009,
  },
];

/** Faults in a client's bytes: RFC 6455, 7.1.7 and 7.4.1. */
export function faultTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  for (const [index, { what, frames, code, closeCode }] of faults.entries()) {
    test(`${name}: ${what} is refused (${code})`, async () => {
      const connection = `fault-${index}`;
      const client = await context.open(connection);
      client.send(...frames);
      await expectFault(context, connection, {
        code,
        closeCode,
        close: await closeOf(client),
      });
      client.destroy();
    });
  }

  test(`${name}: ${can.refusesUnmasked ? "" : "gap: "}an unmasked frame`, async () => {
    const client = await context.open("unmasked");
    client.send({ opcode: 1, masked: false, payload: "clear" });
    if (can.refusesUnmasked) {
      const expected = { code: "frame-unmasked", closeCode: 1002 };
      await expectFault(context, "unmasked", { ...expected, close: await closeOf(client) });
    } else {
      assert.equal(await client.nextText(), "clear");
    }
    client.destroy();
  });

  test(`${name}: ${can.earlyUtf8 ? "" : "gap: "}bad UTF-8 at once, inside a message`, async () => {
    const client = await context.open("early");
    client.send({ opcode: 1, fin: false, payload: Buffer.from([0x61, 0xff]) });
    if (!can.earlyUtf8) {
      // The runtime looks only when the message is whole: a ping shows that it has read so far.
      client.send({ opcode: 9 });
      assert.equal((await client.frame()).opcode, 10);
      client.send({ opcode: 0 });
    }
    const expected = { code: "message-not-utf8", closeCode: 1007 };
    await expectFault(context, "early", { ...expected, close: await closeOf(client) });
    client.destroy();
  });

  if (!can.deflate) return;
  const offer = { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } };
  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  for (const [what, payload, code, closeCode] of [
    [
      "a bomb",
      deflateRawSync(Buffer.alloc(8_000_000), flush).subarray(0, -4),
      "message-too-big",
      1009,
    ],
    ["no deflate stream", Buffer.from("ffffffffffff", "hex"), "message-inflate", 1007],
    [
      "a deflated text of ff",
      deflateRawSync(Buffer.from([0xff]), flush).subarray(0, -4),
      "message-not-utf8",
      1007,
    ],
  ] as const) {
    test(`${name}: ${what} is refused (${code})`, async () => {
      const connection = what.replaceAll(" ", "-");
      const client = await context.open(connection, offer);
      client.send({ opcode: 1, reserved: 4, payload });
      await expectFault(context, connection, {
        code,
        closeCode,
        close: await closeOf(client),
      });
      client.destroy();
    });
  }
}

interface Expected {
  readonly code: string;
  readonly closeCode: number;
  readonly close: { readonly code: number; readonly reason: string } | undefined;
}

/** The close frame, and then the client's end: the server waits for that before it tells. */
async function closeOf(client: RawClient): Promise<Expected["close"]> {
  const close = await client.closeFrame();
  client.socket.end();
  return close;
}

async function expectFault(
  context: SuiteContext,
  connection: string,
  { code, closeCode, close }: Expected,
): Promise<void> {
  const { can } = context.combination;
  // Deno knows no limit, and Bun's measures what is compressed: what passes we refuse ourselves.
  const passes = can.faults === "silent" || connection !== "a-bomb";
  const ours = code === "message-too-big" && passes;
  if (can.faultFrame || ours) assert.equal(close?.code, closeCode);
  const closed = await context.fixture().event("close", connection);
  const codes = context
    .fixture()
    .events("fault", connection)
    .map((fact) => fact.errorCode);
  if (can.faults === "named" || ours) {
    assert.deepEqual([codes, closed.closeCode], [[code], closeCode]);
  } else {
    assert.deepEqual(codes, can.faults === "unnamed" ? ["frame-refused"] : []);
    assert.equal(closed.closeCode, 1006);
  }
}
