import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { RawClient } from "../../support/clients/raw-client.ts";
import { clientFrame } from "../../support/clients/raw-client-frames.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { Dice } from "../../vectors/dice.ts";

const mebibyte = 1_048_576;
const extensions = { "Sec-WebSocket-Extensions": "permessage-deflate" };
const isWasm = ({ engine }: { engine: string }): boolean => engine === "wasm";

/** The client is still there, and what it sent before was taken. */
async function answers(client: RawClient): Promise<void> {
  client.send({ opcode: 9, payload: "there?" });
  const { opcode, payload } = await client.frame();
  assert.deepEqual([opcode, payload.toString()], [10, "there?"]);
}

describe("large and unfinished messages", { concurrency: true }, () => {
  for (const { runtime } of combinations.filter(isWasm)) {
    it(`on ${runtime}, hoarders of one address close each other, not others`, async () => {
      const flags = ["--engine", "wasm", "--max-message-size", "16MiB"];
      const proxies = ["--trusted-proxies", "127.0.0.0/8"];
      const gateway = await startGateway({ runtime, flags: [...flags, ...proxies] });
      const from = (address: string): Promise<RawClient> =>
        RawClient.open(gateway.info.port, { headers: { "X-Forwarded-For": address } });
      const honest = await from("192.0.2.2");
      honest.send({ opcode: 2, fin: false, payload: Buffer.alloc(mebibyte) });
      await answers(honest);
      // 64 MiB is what one address may have.
      const part = clientFrame({ opcode: 2, fin: false, payload: Buffer.alloc(15 * mebibyte) });
      const hoarders: RawClient[] = [];
      for (let index = 0; index < 6; index += 1) {
        const hoarder = await from("192.0.2.1");
        hoarders.push(hoarder);
        await hoarder.writeAll(part);
        await answers(hoarder);
      }
      for (const gone of hoarders.slice(0, 2)) {
        assert.deepEqual(await gone.closeFrame(), { code: 1008, reason: "unfinished-messages" });
      }
      for (const kept of hoarders.slice(2)) await answers(kept);
      honest.send({ opcode: 0, payload: "the end" });
      await answers(honest);
      for (const client of [honest, ...hoarders]) client.destroy();
    });

    it(`on ${runtime}, a message that is not finished in time is given up`, async () => {
      const flags = ["--engine", "wasm", "--message-timeout", "500ms"];
      const gateway = await startGateway({ runtime, flags });
      const { port, adminPort } = gateway.info;
      const [slow, silent] = [await RawClient.open(port), await RawClient.open(port)];
      slow.send({ opcode: 1, fin: false, payload: "never fini" });
      const trickle = setInterval(() => slow.send({ opcode: 0, fin: false, payload: "" }), 50);
      const closed = await slow.closeFrame().finally(() => clearInterval(trickle));
      assert.deepEqual(closed, { code: 1008, reason: "message-timeout" });
      await answers(silent);
      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      assert.match(metrics, /^wss_errors_total\{code="message-timeout"\} 1$/m);
      assert.match(metrics, /^wss_connections_closed_total\{cause="limit"\} 1$/m);
      for (const client of [slow, silent]) client.destroy();
    });
  }

  for (const { runtime, engine } of combinations) {
    const denoNative = runtime === "deno" && engine === "native";
    it(`defaults on ${runtime} ${engine}: fragments, what does not compress, pings`, async () => {
      const flags = ["--engine", engine, "--compression"];
      const gateway = await startGateway({ runtime, flags });
      const { port } = gateway.info;

      const client = await RawClient.open(port, { headers: extensions });
      await client.writeAll(fragmented(mebibyte, 64));
      await answers(client);
      if (!denoNative) {
        // What does not compress is longer compressed; it is the message that is measured.
        const flush = { finishFlush: constants.Z_SYNC_FLUSH };
        const data = deflateRawSync(new Dice(4).bytes(mebibyte), flush).subarray(0, -4);
        assert.ok(data.length > mebibyte);
        await client.writeAll(clientFrame({ opcode: 2, reserved: 4, payload: data }));
        await answers(client);
      }

      for (let index = 0; index < 50; index += 1) client.send({ opcode: 9 });
      for (let index = 0; index < 50; index += 1) await client.frame();
      client.write(Buffer.concat(Array.from({ length: 500 }, () => clientFrame({ opcode: 9 }))));
      if (!denoNative) {
        assert.deepEqual(await client.closeFrame(), { code: 1008, reason: "control-rate" });
      } else {
        // A gap: Deno's own server tells of no ping.
        for (let index = 0; index < 500; index += 1) await client.frame();
        await answers(client);
      }
      client.destroy();
      if (engine === "wasm") await inflateTooMuch(port);
    });
  }
});

/** A message of `bytes` bytes, so many in each frame. */
function fragmented(bytes: number, size: number): Buffer {
  const payload = Buffer.alloc(size, "x");
  const count = bytes / size;
  const frames = Array.from({ length: count }, (_, index) =>
    clientFrame({ opcode: index === 0 ? 1 : 0, fin: index === count - 1, payload }),
  );
  return Buffer.concat(frames);
}

/** Once is allowed, at any ratio; not again and again. */
async function inflateTooMuch(port: number): Promise<void> {
  const client = await RawClient.open(port, { headers: extensions });
  const payload = deflateRawSync(Buffer.alloc(60_000));
  client.send({ opcode: 2, reserved: 4, payload });
  await answers(client);
  for (let index = 0; index < 20; index += 1) client.send({ opcode: 2, reserved: 4, payload });
  const closed = await client.closeFrame();
  assert.deepEqual(closed, { code: 1009, reason: "message-inflate-ratio" });
  client.destroy();
}
