import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { json } from "../../support/http/back-end.ts";
import { hostile } from "../../support/http/hostile.ts";
import { waitFor } from "../../support/process/wait.ts";

type Items = readonly (readonly unknown[])[];

/** Sends each message back. Tests put themselves before that. */
class EchoServer {
  readonly items: (readonly unknown[])[] = [];
  /** Answers a request with messages in place of the echo, where it returns true. */
  instead: (messages: Items, response: ServerResponse) => boolean = () => false;
  readonly #server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const batch = JSON.parse(body);
    const items: Items = batch[0] === 1 ? batch[3] : batch;
    const messages = items.filter(([verb]) => verb === "message");
    if (messages.length > 0 && this.instead(messages, response)) return;
    this.items.push(...items);
    json(
      response,
      messages.map(([, id, , data]) => ["send", id, data]),
    );
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Answers of which nothing is sent, with the code that is counted; none: they are ignored. */
function faultyAnswers(id: string): readonly (readonly [answer: unknown, code?: string])[] {
  const stranger = `nobody.${"a".repeat(26)}`;
  const messages = (...all: unknown[]): unknown => ({ OutgoingWebSocketMessages: all });
  return [
    [null],
    [{ hello: "world" }],
    [[null], "batch-malformed"],
    [[["send", id, "never"], null], "batch-malformed"],
    [[["send", stranger, "never"]], "id-foreign"],
    [[["send", null, "never"]], "command-malformed"],
    [[["send", "no id", "never"]], "id-malformed"],
    [[["send", id, null]], "command-malformed"],
    [[["shout", id, "never"]], "command-unknown"],
    [messages(null), "command-malformed"],
    [messages({ ConnectionIds: [btoa(id)], Message: null }), "command-malformed"],
    [messages({ ConnectionIds: [btoa(stranger)], Message: { Text: "never" } }), "id-foreign"],
  ];
}

for (const runtime of gatewayRuntimes) {
  describe(`hostile origins that take batches, on ${runtime}`, () => {
    const origin = new EchoServer();
    let gateway: RunningGateway;
    const counted = (code: string): Promise<number> =>
      metricOf(gateway, `wss_errors_total{code="${code}"}`);

    before(async () => {
      const flags = ["--origin", await origin.start()];
      flags.push("--origin-format", "batch", "--origin-timeout", "1s");
      gateway = await startGateway({ runtime, flags, kept: true });
    });

    after(async () => {
      await gateway[Symbol.asyncDispose]();
      origin.stop();
    });

    // An answer in this form may have 16 MiB.
    for (const { name, react, code } of hostile(20_000_000)) {
      it(`loses nothing where one ${name}, and counts it`, async () => {
        const earlier = await counted(code);
        let times = 0;
        origin.instead = (_messages, response) => {
          // The HTTP client itself sends once more what was lost on a kept connection.
          if (times++ > 1) return false;
          react(response);
          return true;
        };
        const client = await RawClient.open(gateway.info.port);
        client.text("x");
        assert.equal(await client.nextText(), "x");
        assert.ok((await counted(code)) > earlier);
        client.destroy();
      });
    }

    it("ignores 10 MB of another content type", async () => {
      let answered = false;
      origin.instead = (messages, response) => {
        if (messages[0]?.[3] !== "large") return false;
        response.end(Buffer.alloc(10_000_000, "x"), () => (answered = true));
        return true;
      };
      const client = await RawClient.open(gateway.info.port);
      client.text("large");
      await waitFor(() => answered, { what: "the large answer" });
      client.text("then");
      assert.equal(await client.nextText(), "then");
      client.destroy();
    });

    it("survives every faulty answer: nothing of it is sent", async () => {
      let answered = -1;
      origin.instead = ([message], response) => {
        const [, id, , data] = message ?? [];
        if (data === "last") return false;
        answered = Number(data);
        json(response, faultyAnswers(String(id))[answered]?.[0]);
        return true;
      };
      const client = await RawClient.open(gateway.info.port);
      const codes = [...new Set(faultyAnswers("x").flatMap(([, code]) => code ?? []))];
      const sum = async (): Promise<number> =>
        (await Promise.all(codes.map(counted))).reduce((all, one) => all + one, 0);
      const earlier = await sum();
      // One after the other: a batch would have one answer for several.
      for (const [index, [, code]] of faultyAnswers("x").entries()) {
        const before = code === undefined ? 0 : await counted(code);
        client.text(String(index));
        await waitFor(() => answered === index, { what: `the answer to ${index}` });
        if (code !== undefined) await waitFor(async () => (await counted(code)) > before);
      }
      client.text("last");
      assert.equal(await client.nextText(), "last");
      const faults = faultyAnswers("x").filter(([, code]) => code !== undefined);
      assert.equal(await sum(), earlier + faults.length);
      client.destroy();
    });

    it("logs each kind of failure once a minute, and gives nobody up", () => {
      for (const event of ["origin-request-failed", "origin-answer", "origin-command"]) {
        const codes = gateway.log.filter((line) => line.event === event).map(({ code }) => code);
        assert.deepEqual([...new Set(codes)], codes, event);
        assert.ok(codes.length > 0, event);
      }
      assert.equal(gateway.log.filter(({ event }) => event === "origin-unreachable").length, 0);
    });
  });
}
