import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";

const skip = skipWithoutBrowser;

interface Places {
  /** Of each link: left, top, right. */
  readonly links: readonly (readonly number[])[];
  readonly width: number;
}

/** Where the links of the views are, also right after the element `id` got another text. */
function placesOf(page: Page, id: string = "", text: string = ""): Promise<Places> {
  return page.evaluate(`{
    if ("${id}" !== "") document.getElementById("${id}").textContent = "${text}";
    const links = [...document.querySelectorAll("#nav a")].map((link) => {
      const { left, top, right } = link.getBoundingClientRect();
      return [left, top, right];
    });
    ({ links, width: innerWidth });
  }`);
}

for (const width of [1280, 900, 375]) {
  test(`nothing in the header moves as texts come and change, ${width} wide`, {
    skip,
  }, async () => {
    const gateway = await startGateway({ flags: ["--node-name", "edge-1"] });
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      await page.setViewportSize({ width, height: 700 });
      let answer: () => void = () => {};
      const mayAnswer = new Promise<void>((resolve) => {
        answer = resolve;
      });
      await page.route("**/admin/session", async (route) => {
        await mayAnswer;
        await route.continue();
      });
      await page.goto(`http://127.0.0.1:${gateway.info.adminPort}/`);
      await page.locator("#nav a").nth(4).waitFor();
      const { links: first } = await placesOf(page);
      answer();
      await page.locator("#who", { hasText: "local" }).waitFor();
      await page.locator("#about", { hasText: /, \d+ s$/ }).waitFor();
      const { links: told, width: inner } = await placesOf(page);
      assert.deepEqual(told, first);
      for (const [left = -1, , right = Infinity] of told) {
        assert.ok(left >= 0 && right <= inner, `${left} to ${right} of ${inner}`);
      }
      for (const [id, text] of [
        ["about", "0.1.0, node wasm, 16 workers, 59 min 59 s"],
        ["node", "a-node-with-a-name-of-some-length.example"],
        ["who", "admin-read-token (reads only)"],
      ] as const) {
        assert.deepEqual((await placesOf(page, id, text)).links, first, id);
      }
    });
  });
}

test("a plot of nothing says that the most was 0", { skip }, async () => {
  const gateway = await startGateway();
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${gateway.info.adminPort}/`);
    for (const [title, most] of [
      ["Messages", "max 0/s"],
      ["Bytes", "max 0 B/s"],
      ["Connections", "max 0"],
    ] as const) {
      const plot = page.locator(".plot", { hasText: title });
      await plot.locator(".top", { hasText: new RegExp(`${most}$`) }).waitFor();
    }
  });
});

test("a long name in a table breaks no short word beside it", { skip }, async () => {
  const app = "an-app-with-a-name-that-is-as-long-as-any-name-of-an-app-may-be";
  const gateway = await startGateway({ flags: ["--node-name", "edge-1", "--app", app] });
  const client = await RawClient.open(gateway.info.port, { path: `/${"path".repeat(20)}` });
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.setViewportSize({ width: 1280, height: 700 });
    for (const [view, title, text] of [
      ["connections", "State", "open"],
      ["connections", "Address", "127.0.0.1"],
      ["overview", "Mode", "open"],
    ] as const) {
      await page.goto(`http://127.0.0.1:${gateway.info.adminPort}/#/${view}`);
      const place = `td[data-title=${title}]`;
      await page.locator(place, { hasText: text }).waitFor();
      const lines = await page.evaluate(`{
        const range = document.createRange();
        range.selectNodeContents(document.querySelector("${place}"));
        new Set(Array.from(range.getClientRects(), ({ top }) => top)).size;
      }`);
      assert.equal(lines, 1, `${title} of ${view}`);
    }
  });
  client.destroy();
});
