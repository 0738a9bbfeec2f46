import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { gatewayCommand, gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { listenOnRefused } from "../../support/http/refused-port.ts";
import { Program } from "../../support/process/spawn.ts";

/** Listens as an admin port would. Returns its port. */
async function answering(host: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, host);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return String((server.address() as AddressInfo).port);
}

/** Like `answering`, on a port that browsers and `fetch` refuse. */
async function answeringRefused(listener: RequestListener): Promise<string> {
  const { server, port } = await listenOnRefused(listener);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return String(port);
}

describe("the command health", { concurrency: 3 }, () => {
  for (const runtime of gatewayRuntimes) {
    const ask = async (...flags: string[]): Promise<{ code: number | null; said: string }> => {
      const [program, ...first] = gatewayCommand(runtime);
      await using asking = new Program(program, [...first, "health", ...flags]);
      const { code } = await asking.exited;
      return { code, said: asking.output };
    };

    test(`a healthy node ends health with 0, wherever it listens, on ${runtime}`, async () => {
      const gateway = await startGateway({ runtime, flags: ["--admin-host", "0.0.0.0"] });
      const port = String(gateway.info.adminPort);
      for (const host of ["0.0.0.0", "127.0.0.1", "localhost"]) {
        const answer = await ask("--admin-port", port, "--admin-host", host);
        assert.deepEqual(answer, { code: 0, said: "200 ok" }, host);
      }
      const six = await answering("::1", (_, response) => response.end("ok\n"));
      const answer = await ask("--admin-port", six, "--admin-host", "::");
      assert.deepEqual(answer, { code: 0, said: "200 ok" });
    });

    test(`health reaches a port that browsers refuse, on ${runtime}`, async () => {
      const port = await answeringRefused((_, response) => response.end("ok\n"));
      assert.deepEqual(await ask("--admin-port", port), { code: 0, said: "200 ok" });
    });

    test(`one that says otherwise, or nothing, ends it with 1, on ${runtime}`, async () => {
      const asked: (string | undefined)[] = [];
      const ill = await answering("127.0.0.1", ({ url }, response) => {
        asked.push(url);
        response.writeHead(503).end("the event loop stands");
      });
      const said = "503 the event loop stands";
      assert.deepEqual(await ask("--admin-port", ill), { code: 1, said });
      assert.deepEqual(asked, ["/healthz"]);
      const mute = await answering("127.0.0.1", () => {});
      const silent = await ask("--admin-port", mute);
      assert.equal(silent.code, 1);
      assert.match(silent.said, /^http-timeout: http:\S+ did not answer within 3000 ms$/);
      const cut = await answering("127.0.0.1", ({ socket }, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("ok", () => socket.destroy());
      });
      const half = await ask("--admin-port", cut);
      assert.equal(half.code, 1);
      assert.match(
        half.said,
        /^http-lost: http:\S+ closed the connection in the middle of its answer/,
      );
      assert.equal((await ask("--admin-prt", ill)).code, 2);
    });
  }
});
