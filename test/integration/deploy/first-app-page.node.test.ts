import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";
import { type Started, startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, freePort, Program } from "../../support/process/spawn.ts";

/** The application of the guide, which serves its page on that port. */
async function startApp(gateway: Started, pagePort: number): Promise<Program> {
  const env = {
    BROKER: gateway.broker,
    GATEWAY: `ws://127.0.0.1:${gateway.port}`,
    PORT: String(pagePort),
  };
  const app = new Program(bunProgram, ["examples/first-app/origin.ts"], { env });
  after(() => app[Symbol.asyncDispose]());
  await app.line((line) => line.startsWith("open http:") || undefined, "the application");
  return app;
}

const stateIs = (page: Page, state: string): Promise<void> =>
  page.locator("#state", { hasText: state }).waitFor();

async function say(text: string, from: Page, to: Page): Promise<void> {
  await from.fill("#text", text);
  await from.click("button");
  await to.locator("li", { hasText: text }).waitFor();
}

test("two tabs talk while the application restarts, and come back after the gateway did", {
  skip: skipWithoutBrowser,
}, async () => {
  const [port, brokerPort, pagePort] = [await freePort(), await freePort(), await freePort()];
  const ports = ["--port", `${port}`, "--broker-port", `${brokerPort}`];
  const start = (): ReturnType<typeof startGateway> =>
    startGateway({ flags: [...ports, "--origin-mode", "assigned", "--drain-period", "0ms"] });
  const gateway = await start();
  const app = await startApp(gateway.info, pagePort);
  await withBrowser(async (browser) => {
    const url = `http://127.0.0.1:${pagePort}/`;
    const [ada, bob] = [await browser.newPage(), await browser.newPage()];
    for (const page of [ada, bob]) {
      await page.goto(url);
      await page.locator("li", { hasText: "you are in /tea" }).waitFor();
      await stateIs(page, "connected");
    }
    await say("hello", ada, bob);
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    const states = await Promise.all([ada, bob].map((page) => page.textContent("#state")));
    assert.deepEqual(states, ["connected", "connected"]);
    await startApp(gateway.info, pagePort);
    await say("still here", bob, ada);
    await gateway.stop();
    for (const page of [ada, bob]) await stateIs(page, "waiting");
    await start();
    // A tab is connected before the application has put it into its room.
    const joined = { hasText: "you are in /tea" };
    for (const page of [ada, bob]) await page.locator("li", joined).nth(1).waitFor();
    for (const page of [ada, bob]) await stateIs(page, "connected");
    await say("back again", ada, bob);
  });
});
