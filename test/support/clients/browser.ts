import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { findProgram } from "../process/spawn.ts";

/** For a browser test's `skip`. playwright-core runs on Node: name the file `*.node.test.ts`. */
export const skipWithoutBrowser: string | false =
  findProgram("chromium") === undefined ? "chromium is not installed" : false;

/** Chromium keeps to itself: no sandbox (the tests may run as root), nothing fetched or synced. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-dev-shm-usage",
];

/** A headless browser with a profile of its own, gone when `use` is done. Tabs: `newPage()`. */
export async function withBrowser(use: (browser: BrowserContext) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "wss-browser-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram("chromium") ?? "chromium",
    headless: true,
    args: flags,
  });
  try {
    browser.setDefaultTimeout(15_000);
    await use(browser);
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
