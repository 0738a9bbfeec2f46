import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdminApp, serveHttp } from "../../../adapters/http/mod.ts";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";

test("a real browser reads a page of ours in two tabs", { skip: skipWithoutBrowser }, async () => {
  const app = createAdminApp({
    ready: () => ["draining"],
    metrics: () => ({ contentType: "text/plain", text: "" }),
  });
  const server = await serveHttp(app, { port: 0 });
  try {
    await withBrowser(async (browser) => {
      const [one, two] = [await browser.newPage(), await browser.newPage()];
      await one.goto(`http://127.0.0.1:${server.port}/healthz`);
      await two.goto(`http://127.0.0.1:${server.port}/readyz`);
      assert.equal((await one.textContent("body"))?.trim(), "ok");
      assert.match((await two.textContent("body")) ?? "", /draining/);
      assert.equal(await one.evaluate(() => typeof WebSocket), "function");
    });
  } finally {
    await server.close();
  }
});
