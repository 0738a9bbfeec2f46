import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";
import { GatewayProcess, startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const said = (page: Page, text: string): Promise<void> =>
  page.locator("#log li.said", { hasText: text }).waitFor();

test("what one tab types in the chat of dev the other tab reads", {
  skip: skipWithoutBrowser,
}, async () => {
  const dev = await startGateway({ command: "dev" });
  const hint = await dev.event("dev-hint");
  assert.equal(hint.file, "examples/chat/origin.ts");
  const console = await dev.event("dev-console");
  const answer = await fetch(console.url as string);
  assert.match(await answer.text(), /<title>websocket-service console</);
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

/** A copy of the example that a test may change; within the project, whose library it asks for. */
function copyOfChat(): string {
  mkdirSync("dist", { recursive: true });
  const folder = mkdtempSync(resolve("dist/chat-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync("examples/chat", join(folder, "examples/chat"), { recursive: true });
  return folder;
}

test("the first edits of the chat's origin work, and no tab is disconnected", {
  skip: skipWithoutBrowser,
}, async () => {
  const folder = copyOfChat();
  const file = join(folder, "examples/chat/origin.ts");
  const source = readFileSync(file, "utf8");
  const flags = ["dev", "--port", "0", "--admin-port", "0", "--broker-port", "0"];
  const main = resolve("runtimes/bun/main.ts");
  const options = { cwd: folder, env: { WSS_LOG_FORMAT: "json" } };
  const dev = new GatewayProcess(resolve(bunProgram), [main, ...flags], options);
  after(() => dev[Symbol.asyncDispose]());
  const { port } = await dev.started;
  const joined = (): number => dev.log.filter(({ event }) => event === "origin-joined").length;
  await waitFor(() => joined() === 1);
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.locator("#status[data-state=open]").waitFor();
    await page.fill("#name", "Ada");
    const edits = [
      ["text: data }", "text: data.toUpperCase() }", "ADA", "HELLO: THERE"],
      ["text: data }", 'text: data + "!" }', "Ada", "hello: there!"],
      ['tellEveryone({ kind: "said", text: data })', 'everyone.publish("no JSON")', "", "no JSON"],
    ] as const;
    for (const [before, edit, name, text] of edits) {
      const known = joined();
      assert.ok(source.includes(before), before);
      writeFileSync(file, source.replace(before, edit));
      await waitFor(() => joined() > known, { what: edit });
      await page.fill("#text", "hello: there");
      await page.press("#text", "Enter");
      await said(page, text);
      const last = page.locator("#log li.said").last();
      assert.equal(await last.textContent(), name + text);
    }
    assert.equal(await page.locator("#log li.note", { hasText: "left" }).count(), 0);
    assert.deepEqual(problems, []);
  });
  assert.equal((await dev.stop()).code, 0);
});
