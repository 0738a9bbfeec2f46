import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutBrowser, withBrowser } from "../support/browser.ts";
import { startGateway } from "../support/gateway.ts";

const said = (page: Page, text: string): Promise<void> =>
  page.locator("#log li.said", { hasText: text }).waitFor();

test("what one tab types in the chat of dev the other tab reads", {
  skip: skipWithoutBrowser,
}, async () => {
  const dev = await startGateway({ command: "dev" });
  const hint = await dev.event("dev-hint");
  assert.equal(hint.file, "examples/chat/origin.ts");
  await withBrowser(async (browser) => {
    const [one, two] = [await browser.newPage(), await browser.newPage()];
    const problems: string[] = [];
    for (const page of [one, two]) {
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (line) => line.type() === "error" && problems.push(line.text()));
      await page.goto(`http://127.0.0.1:${dev.info.port}/`);
      await page.locator("#status[data-state=open]").waitFor();
    }
    await one.locator("#status", { hasText: "2 online" }).waitFor();
    await one.fill("#name", "Ada");
    await one.fill("#text", "Hello <b>over</b> there ✓");
    await one.press("#text", "Enter");
    await said(two, "Hello <b>over</b> there ✓");
    assert.equal(await two.locator("#log li.said b").textContent(), "Ada");
    await two.fill("#text", "Hello back");
    await two.click("button");
    await said(one, "Hello back");
    await one.close();
    await two.locator("#log li.note", { hasText: "somebody left" }).first().waitFor();
    assert.deepEqual(problems, []);
  });
  assert.equal((await dev.stop()).code, 0);
});
