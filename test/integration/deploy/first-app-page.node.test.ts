import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";
import { type Started, startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, freePort, Program } from "../../support/process/spawn.ts";
import { within } from "../../support/process/wait.ts";

/** The application of the guide, which serves its page on that port. */
function application(gateway: Started, pagePort: number): Program {
  const env = {
    BROKER: gateway.broker,
    GATEWAY: `ws://127.0.0.1:${gateway.port}`,
    PORT: String(pagePort),
  };
  const app = new Program(bunProgram, ["examples/first-app/origin.ts"], { env });
  after(() => app[Symbol.asyncDispose]());
  return app;
}

async function startApp(gateway: Started, pagePort: number): Promise<Program> {
  const app = application(gateway, pagePort);
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

test("the application ends with one line where the port of its page is taken", async () => {
  const gateway = await startGateway({ flags: ["--origin-mode", "assigned"] });
  const taken = createServer().listen(0, "127.0.0.1");
  after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const app = application(gateway.info, port);
  const { code } = await within(app.exited, { what: "the application's end", deadline: 30_000 });
  assert.equal(code, 1);
  assert.deepEqual(app.lines.length, 1, app.output);
  assert.match(app.output, new RegExp(`${port}`));
});
