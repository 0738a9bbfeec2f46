import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";

const defaults = { bun: "native", deno: "wasm", node: "wasm" } as const;

describe("the engine where no setting says one", { concurrency: true }, () => {
  for (const runtime of gatewayRuntimes) {
    const engine = defaults[runtime];
    it(`is ${engine} on ${runtime}`, async () => {
      const gateway = await startGateway({ runtime });
      assert.equal(gateway.info.engine, engine);
    });
  }
});
