import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startGateway } from "../../support/gateway/gateway.ts";

const defaults = [
  { runtime: "bun", engine: "native" },
  { runtime: "deno", engine: "wasm" },
  { runtime: "node", engine: "wasm" },
] as const;

describe("the engine where no setting says one", { concurrency: true }, () => {
  for (const { runtime, engine } of defaults) {
    it(`is ${engine} on ${runtime}`, async () => {
      const gateway = await startGateway({ runtime });
      assert.equal(gateway.info.engine, engine);
    });
  }
});
