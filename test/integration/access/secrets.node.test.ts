import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import {
  combinations,
  type GatewayProcess,
  gatewayRuntimes,
  spawnGateway,
} from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const password = "Pa55-of-the-broker";
const secrets = [
  password,
  "Bearer-of-a-client",
  "cookie-of-a-client",
  "token-of-a-query",
  "data-of-a-message",
];
const [, bearer, cookie, token, data] = secrets;

const headers = { Authorization: `Bearer ${bearer}`, Cookie: `session=${cookie}` };
const path = `/room?token=${token}`;

function assertSilent(gateway: GatewayProcess): void {
  for (const secret of secrets) {
    const found = gateway.lines.find((line) => line.includes(secret));
    assert.equal(found, undefined, secret);
  }
}

const skip = skipWithout("mosquitto");

describe("no secret reaches a log", { skip, concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    for (const format of ["json", "pretty"] as const) {
      if (format === "pretty" && engine === "native") continue;
      it(`at debug on ${runtime}, engine ${engine}, ${format}`, async () => {
        const broker = await Mosquitto.start({ users: { edge: password } });
        after(() => broker[Symbol.asyncDispose]());
        const flags = ["--engine", engine, "--log-level", "debug", "--max-connections", "1"];
        flags.push("--headers", "authorization,cookie,user-agent");
        flags.push("--allowed-origins", "https://good.example", "--max-message-size", "1KiB");
        const env = { WSS_BROKER: broker.url("edge", password), WSS_LOG_FORMAT: format };
        const gateway = spawnGateway({ runtime, flags, env });
        const port = await gateway.line(
          (line) => Number(/\bport"?[=:](\d+)/.exec(line)?.[1]) || undefined,
          "the port",
        );
        const origin = await PlainOrigin.connect(broker.url("edge", password));
        after(() => origin.end());

        // Refused: as a plain request, by its key, by its origin, and as one too many.
        const refused = [
          { "Sec-WebSocket-Key": "no key", ...headers },
          { Upgrade: undefined, ...headers },
          { Origin: `https://${token}.example`, ...headers },
        ];
        for (const wrong of refused) {
          const client = await RawClient.connect(port);
          client.write(handshakeText({ path, headers: wrong }));
          assert.notEqual((await client.answer()).statusCode, 101);
          client.destroy();
        }
        const garbage = await RawClient.connect(port);
        garbage.write(`${token}\r\nAuthorization: ${bearer}\r\n\r\n`);
        await garbage.end();
        const client = await RawClient.open(port, { path, headers });
        const [, id, , info] = await origin.nextOf("open");
        // They do travel: to the origin, and nowhere else.
        const shown = info as { query: string; headers: Record<string, string> };
        assert.deepEqual([shown.query, shown.headers.cookie], [`token=${token}`, headers.Cookie]);
        const second = await RawClient.connect(port);
        second.write(handshakeText({ path, headers }));
        assert.equal((await second.answer()).statusCode, 503);

        // Commands that are wrong, with data in them, and a client that breaks the protocol.
        await origin.command(undefined, ["send", id, data, { ref: data }], ["fly", id, data]);
        await origin.command(undefined, ["send", "not an id", data]);
        await origin.publish(undefined, `[["send", "${data}`);
        assert.equal(await client.nextText(), data);
        client.text(String(data));
        client.send({ opcode: 1, payload: String(data).repeat(100) });
        await origin.nextOfId("close", id as string);
        await waitFor(() => gateway.lines.some((line) => line.includes("batch-malformed")));

        // The broker goes, and refuses when it is back.
        await broker.kill();
        await waitFor(() => gateway.lines.some((line) => line.includes("broker-lost")));
        gateway.kill("SIGTERM");
        await gateway.exited;
        assertSilent(gateway);
        for (const one of [garbage, client, second]) one.destroy();
      });
    }
  }

  it("nor the password of a broker that refuses it, of a wrong setting, of a file", async () => {
    const broker = await Mosquitto.start({ users: { edge: "another" } });
    after(() => broker[Symbol.asyncDispose]());
    const url = broker.url("edge", password);
    for (const runtime of gatewayRuntimes) {
      const flags = ["--log-level", "debug", "--broker", url];
      const refused = spawnGateway({ runtime, flags });
      assert.equal((await refused.exited).code, 1);
      assert.match(refused.output, /broker-refused/);
      assertSilent(refused);
    }
    for (const wrong of [`amqp://edge:${password}@h`, `mqtt://edge:${password}@h/path x`]) {
      const gateway = spawnGateway({ flags: ["--broker", wrong] });
      assert.equal((await gateway.exited).code, 2);
      assertSilent(gateway);
    }
  });
});
