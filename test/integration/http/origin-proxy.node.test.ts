import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd } from "../../support/http/back-end.ts";

describe("an HTTP origin behind a proxy", { concurrency: 2 }, () => {
  for (const runtime of gatewayRuntimes) {
    it(`is asked by the environment's proxy, on ${runtime}`, async () => {
      await using proxy = await BackEnd.start();
      const flags = ["--origin", "http://origin.invalid/events?x=1"];
      const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "" };
      await using gateway = await startGateway({ runtime, flags, env });
      const client = await RawClient.open(gateway.info.port);
      client.text("hello");
      const { url, headers } = await proxy.received("hello");
      assert.equal(url, "http://origin.invalid/events?x=1");
      assert.equal(headers.host, "origin.invalid");
      client.destroy();
      await proxy.received("close");
    });
  }
});
