import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { errorsOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { patience, waitFor } from "../../support/process/wait.ts";

const headerBytesMax = 2_048;
const flags = [
  "--ping-interval",
  "1s",
  "--ping-timeout",
  "1s",
  "--idle-timeout",
  "3500ms",
  "--max-connection-age",
  "5500ms",
  "--max-messages-per-second",
  "50",
  "--max-bytes-per-second",
  "100KB",
  "--max-connections-per-ip",
  "2",
  "--allowed-origins",
  "https://good.example,*.good.example",
  "--trusted-proxies",
  "127.0.0.0/8",
  "--log-level",
  "debug",
  "--max-header-size",
  `${headerBytesMax}`,
];
/** Interval, timeout, and a second for the walk that finds it. */
const foundMs = 1_000 + 1_000 + 1_000;
/** What a machine needs besides, and more of it one that is busy. */
const machineMs = 3_000;

describe("limits", { concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    describe(`limits on ${runtime}, engine ${engine}`, { concurrency: true }, () => {
      const denoNative = runtime === "deno" && engine === "native";
      let gateway: RunningGateway;
      let origin: PlainOrigin;
      let address = 0;

      before(async () => {
        gateway = await startGateway({
          runtime,
          flags: [...flags, "--engine", engine],
          kept: true,
        });
        origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${gateway.info.brokerPort}`);
      });

      after(async () => {
        await origin.end();
        await gateway[Symbol.asyncDispose]();
      });

      /** A client of an address of its own, as the proxy tells it. */
      async function open(): Promise<{ client: RawClient; id: string; ip: string }> {
        const ip = `198.51.100.${++address}`;
        const headers = { "X-Forwarded-For": `1.2.3.4, ${ip}, 127.0.0.9` };
        const client = await RawClient.open(gateway.info.port, { headers });
        const id = await waitFor(() => {
          const event = origin.events.find(
            ([verb, , , info]) => verb === "open" && (info as { ip: string }).ip === ip,
          );
          return event?.[1] as string | undefined;
        });
        return { client, id, ip };
      }

      /** Code and cause of the close event. */
      async function closeOf(id: string): Promise<unknown[]> {
        const event = await waitFor(
          () => origin.events.find(([verb, of]) => verb === "close" && of === id),
          { what: "close" },
        );
        return [event[3], event[5]];
      }

      it("cuts a client that answers no ping: close with 1006, error", async () => {
        const { client, id } = await open();
        assert.deepEqual(await closeOf(id), [1006, "error"]);
        assert.ok((await errorsOf(gateway, "ping-timeout")) >= 1);
        // Deno's own server sends a close frame, and leaves the stream to the client.
        if (!denoNative) await client.end();
        client.destroy();
      });

      it("tells of a client whose network is gone: close with 1006, client", async () => {
        const { client, id } = await open();
        client.destroy();
        assert.deepEqual(await closeOf(id), [1006, "client"]);
      });

      it("finds a half-open stream in time, also where it is sent something", async () => {
        const beganAt = Date.now();
        const [silent, unread] = [await open(), await open()];
        for (const { client } of [silent, unread]) client.socket.pause();
        for (let index = 0; index < 12; index++) {
          await origin.command(gateway.info.node, ["send", unread.id, Buffer.alloc(65_536)]);
        }
        for (const { id } of [silent, unread]) {
          assert.deepEqual(await closeOf(id), [1006, "error"]);
        }
        const tookMs = Date.now() - beganAt;
        assert.ok(tookMs < foundMs + machineMs * patience(), `${tookMs} ms`);
        for (const { client } of [silent, unread]) client.destroy();
      });

      it("closes a client that only answers pings, as idle, and says 1001", async () => {
        const { client, id } = await open();
        for (;;) {
          const frame = await client.frame();
          if (frame.opcode === 9) client.send({ opcode: 10, payload: frame.payload });
          if (frame.opcode !== 8) continue;
          assert.equal(frame.payload.toString("utf8", 2), "idle-timeout");
          client.send({ opcode: 8, payload: frame.payload });
          break;
        }
        assert.deepEqual(await closeOf(id), [1001, "idle"]);
        client.destroy();
      });

      it("closes a client that talks when its time has come, with 1012", async () => {
        const { client, id } = await open();
        const talking = setInterval(() => client.text("x"), 500);
        const frame = await client.closeFrame();
        clearInterval(talking);
        assert.deepEqual(frame, { code: 1012, reason: "connection-age" });
        client.send({ opcode: 8, payload: Buffer.from([0x03, 0xf4]) });
        assert.deepEqual(await closeOf(id), [1012, "limit"]);
        client.destroy();
      });

      it("closes who sends too many messages, or too many bytes, with 1008", async () => {
        const many = await open();
        for (let index = 0; index < 60; index++) many.client.text("x");
        const first = await many.client.closeFrame();
        // Deno's own server may reset the stream of a client that goes on sending.
        if (first !== undefined || !denoNative) {
          assert.deepEqual(first, { code: 1008, reason: "message-rate" });
        }
        many.client.destroy();
        assert.deepEqual((await closeOf(many.id))[1], "limit");
        const large = await open();
        for (let index = 0; index < 4; index++) {
          large.client.send({ opcode: 2, payload: Buffer.alloc(40_000) });
        }
        const second = await large.client.closeFrame();
        if (second !== undefined || !denoNative) {
          assert.deepEqual(second, { code: 1008, reason: "byte-rate" });
        }
        large.client.destroy();
        assert.deepEqual((await closeOf(large.id))[1], "limit");
      });

      it("lets so many of an address in, and then the next when one has gone", async () => {
        const headers = { "X-Forwarded-For": "203.0.113.1" };
        const first = await RawClient.open(gateway.info.port, { headers });
        const second = await RawClient.open(gateway.info.port, { headers });
        const third = await RawClient.connect(gateway.info.port);
        third.write(handshakeText({ headers }));
        const answer = await third.answer();
        assert.equal(answer.statusCode, 503);
        assert.equal(answer.headers.get("retry-after"), "5");
        first.reset();
        await waitFor(async () => {
          const next = await RawClient.connect(gateway.info.port);
          next.write(handshakeText({ headers }));
          const { statusCode } = await next.answer();
          next.destroy();
          return statusCode === 101;
        });
        assert.ok((await errorsOf(gateway, "connections-per-ip")) >= 1);
        second.destroy();
        third.destroy();
      });

      it("refuses a handshake that is too large with 431, counts and logs it", async () => {
        const before = await errorsOf(gateway, "handshake-headers");
        const sized = (bytes: number, path = "/"): string => {
          const headers = { "X-Forwarded-For": `192.0.2.${++address}`, "X-Fill": "" };
          const fill = "x".repeat(bytes - handshakeText({ path, headers }).length);
          return handshakeText({ path, headers: { ...headers, "X-Fill": fill } });
        };
        for (const [request, expected] of [
          [sized(headerBytesMax), 101],
          [sized(headerBytesMax, "/room?a=b"), 101],
          [sized(headerBytesMax + 1), 431],
          [sized(headerBytesMax + 1, "/room?a=b"), 431],
          [sized(20_000), 431],
          [sized(20_000, `/?${"x".repeat(19_000)}`), 431],
        ] as const) {
          const client = await RawClient.connect(gateway.info.port);
          client.write(request);
          const answer = await client.answer();
          assert.equal(answer.statusCode, expected, `${request.length} bytes`);
          if (expected === 431) {
            const body = await client.bytes(Number(answer.headers.get("content-length")));
            assert.match(body.toString(), /^\{"code":"handshake-headers","message":".+"\}\n$/);
          }
          client.destroy();
        }
        assert.equal((await errorsOf(gateway, "handshake-headers")) - before, 4);
        const line = gateway.log.find(({ code }) => code === "handshake-headers");
        assert.deepEqual([line?.event, line?.level], ["handshake-refused", "debug"]);
      });

      it("takes pages of the origins that are allowed, and what is no page", async () => {
        const cases: readonly (readonly [string | undefined, number])[] = [
          ["https://good.example", 101],
          ["https://chat.good.example", 101],
          [undefined, 101],
          ["https://evil.example", 403],
          ["https://notgood.example", 403],
          ["null", 403],
        ];
        for (const [Origin, expected] of cases) {
          const client = await RawClient.connect(gateway.info.port);
          const headers = { "X-Forwarded-For": `192.0.2.${++address}`, Origin };
          client.write(handshakeText({ headers }));
          assert.equal((await client.answer()).statusCode, expected, Origin);
          client.destroy();
        }
        assert.equal(await errorsOf(gateway, "origin-not-allowed"), 3);
      });
    });
  }
});
