import assert from "node:assert/strict";
import process from "node:process";
import { after, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { type Connection, connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { AdminClient } from "../../support/admin/admin-client.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { skipWithoutBrowser, withBrowser } from "../../support/clients/browser.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type GatewayProcess, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const hostile = "<img src=x onerror=document.title='broken'>";

/** A gateway whose users are named by their query, and an origin that puts them in one group. */
class ConsoleRig {
  readonly gateway: GatewayProcess & { readonly info: Started };
  readonly origin: Origin;
  readonly problems: string[] = [];
  readonly #connections: Connection[] = [];

  private constructor(gateway: ConsoleRig["gateway"], origin: Origin) {
    this.gateway = gateway;
    this.origin = origin;
    origin.authorize(({ query }) => {
      return { user: new URLSearchParams(query).get("user") ?? "nobody", groups: ["team"] };
    });
    origin.on("open", ({ connection }) => void this.#connections.push(connection));
  }

  static async start(env: Record<string, string> = {}): Promise<ConsoleRig> {
    const flags = ["--authorize", "origin", "--drain-period", "0ms", "--node-name", "edge-1"];
    const gateway = await startGateway({ flags, env });
    const broker = `mqtt://127.0.0.1:${gateway.info.brokerPort}`;
    const origin = await connectOrigin({ broker, version: "4" });
    after(() => origin.close());
    const rig = new ConsoleRig(gateway, origin);
    await gateway.event("origin-joined");
    return rig;
  }

  async enter(user: string): Promise<{ client: RawClient; id: string }> {
    const path = `/room/${encodeURIComponent(hostile)}?user=${encodeURIComponent(user)}`;
    const client = await RawClient.open(this.gateway.info.port, { path });
    after(() => client.destroy());
    const { id } = await waitFor(() => this.#connections.find((one) => one.user === user));
    return { client, id };
  }

  async open(browser: BrowserContext): Promise<Page> {
    const page = await browser.newPage();
    page.on("pageerror", ({ message }) => this.problems.push(message));
    page.on("console", (line) => line.type() === "error" && this.problems.push(line.text()));
    page.on("dialog", (dialog) => this.problems.push(dialog.message()));
    await page.goto(`http://127.0.0.1:${this.gateway.info.adminPort}/`);
    return page;
  }
}

const skip = skipWithoutBrowser;

test("a connection of another node, and a worker that ends, are told in words", {
  skip: skip || skipWithout("mosquitto"),
}, async () => {
  await using broker = await Mosquitto.start();
  const flags = ["--broker", broker.url(), "--drain-period", "0ms"];
  const [workers, other] = await Promise.all([
    startGateway({ flags: [...flags, "--node-name", "edge-1", "--workers", "2"] }),
    startGateway({ flags: [...flags, "--node-name", "edge-2"] }),
  ]);
  const far = await RawClient.open(other.info.port);
  after(() => far.destroy());
  const [{ id }] = (await new AdminClient(other.info.adminPort).get("connections")).body
    .connections;
  const base = `http://127.0.0.1:${workers.info.adminPort}/#`;
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(`${base}/connection/${id}`);
    const words =
      /^node edge-2 has this connection, and its events .* send and close work from here$/;
    await page.locator(".warn", { hasText: words }).waitFor();
    const pause = page.locator("button", { hasText: "Pause" });
    assert.equal(await pause.isVisible(), false, "there is nothing to pause");
    await page.keyboard.press("p");
    await page.locator(".warn", { hasText: words }).waitFor();
    await page.goto(`${base}/groups?app=default&group=@all`);
    await page.locator("[role=status]", { hasText: "live" }).waitFor();
    assert.equal(await pause.isVisible(), true);
    const { node, pid } = await workers.event("worker-started");
    process.kill(Number(pid), "SIGKILL");
    const gap = page.locator(".tail li[data-kind=gap]", { hasText: String(node) });
    await gap.locator("code", { hasText: /^the worker has ended, .* missing until/ }).waitFor();
  });
});

test("one finds a connection by its user, follows it, sends to it and closes it", {
  skip,
}, async () => {
  const rig = await ConsoleRig.start();
  const [ada, bad] = [await rig.enter("ada"), await rig.enter(hostile)];
  await withBrowser(async (browser) => {
    const page = await rig.open(browser);
    await page.locator("#state[data-state=ready]").waitFor();
    assert.equal(await page.textContent("#node"), "edge-1");
    await page.locator(".plot", { hasText: "open 2" }).waitFor();
    await page.click("nav >> text=Connections");
    await page.locator("td a.id").nth(1).waitFor();
    // What strangers chose is text.
    await page.locator("td", { hasText: hostile }).first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    await page.keyboard.press("/");
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    await page.locator("p", { hasText: "1 shown" }).waitFor();
    await page.click("td a.id");
    await page.locator("dd", { hasText: "@user/ada, team" }).waitFor();
    await page.locator(".row .quiet", { hasText: "live" }).waitFor();

    ada.client.text(`hello ${hostile}`);
    await page.locator(".tail li[data-kind=event] code", { hasText: hostile }).waitFor();
    await page.fill("[name=message]", "from the console ✓");
    await page.click("button >> text=Send");
    assert.equal(await ada.client.nextText(), "from the console ✓");
    await page.locator("output.good", { hasText: "sent" }).waitFor();
    await page.locator(".tail li b", { hasText: "→ send" }).waitFor();
    await page.fill("[name=code]", "4001");
    await page.fill("[name=reason]", "goodbye");
    await page.click("button.danger");
    const { payload } = await ada.client.frame();
    assert.deepEqual([payload.readUInt16BE(0), payload.subarray(2).toString()], [4001, "goodbye"]);
    await page.locator("output.good", { hasText: "closed" }).waitFor();
    await page.locator(".quiet", { hasText: "the connection is closed" }).waitFor();
    await page.locator(".bad", { hasText: "The connection is closed" }).waitFor();

    await page.keyboard.press("Escape");
    await page.click("nav >> text=Groups");
    await page.fill("[name=group]", "team");
    await page.click("button >> text=Follow");
    await page.locator(".row .quiet", { hasText: "live" }).waitFor();
    await page.fill("[name=message]", "AAEC");
    await page.selectOption("[name=kind]", "binary");
    await page.click("button >> text=Publish");
    assert.deepEqual((await bad.client.frame()).payload, Buffer.of(0, 1, 2));
    await page.locator(".tail li code", { hasText: "0x000102" }).waitFor();
    await page.click("nav >> text=Origins");
    await page.locator("td .good", { hasText: "live" }).waitFor();
    await page.click("nav >> text=Brokers");
    await page.locator("td .good", { hasText: "up" }).first().waitFor();
    assert.notEqual(await page.title(), "broken");
  });
  // The browser itself tells that the page asked for a connection that was gone.
  assert.deepEqual(
    rig.problems.filter((problem) => !problem.includes("410")),
    [],
  );
});

test("who may only read sees everything and can change nothing", { skip }, async () => {
  const tokens = { WSS_ADMIN_TOKEN: "acting-token", WSS_ADMIN_READ_TOKEN: "reading-token" };
  const rig = await ConsoleRig.start(tokens);
  const { client, id } = await rig.enter("ada");
  await withBrowser(async (browser) => {
    const page = await rig.open(browser);
    await page.locator("#login[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.fill("#token", "wrong-token");
    await page.click("#login button");
    await page.locator("#login-fault", { hasText: "not the token" }).waitFor();
    await page.fill("#token", "reading-token");
    await page.click("#login button");
    await page.locator("#who", { hasText: "reads only" }).waitFor();
    await page.goto(`${page.url().split("#")[0]}#/connection/${id}`);
    await page.locator("dd", { hasText: "@user/ada" }).waitFor();
    assert.equal(await page.locator("main form button:enabled, main textarea:enabled").count(), 0);
    client.text("one can follow");
    await page.locator(".tail code", { hasText: "one can follow" }).waitFor();
    const status = await page.evaluate(async (connection) => {
      const token = sessionStorage.getItem("admin-token");
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const request = { method: "POST", headers, body: '{"text":"x"}' };
      return (await fetch(`/admin/connections/${connection}/send`, request)).status;
    }, id);
    assert.equal(status, 403);
  });
  // The browser itself tells of the requests that were refused.
  assert.ok(
    rig.problems.every((problem) => /40[13]/.test(problem)),
    rig.problems.join("\n"),
  );
});

test("the page keeps a bounded number of lines and samples, and does not jump", {
  skip,
}, async () => {
  const rig = await ConsoleRig.start();
  const { client, id } = await rig.enter("ada");
  await withBrowser(async (browser) => {
    const page = await rig.open(browser);
    await page.evaluate(() => {
      const state = globalThis as { shifts?: number };
      state.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as { value: number }[]) {
          state.shifts = (state.shifts ?? 0) + entry.value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.locator(".plot", { hasText: "open 1" }).waitFor();
    await page.locator("td", { hasText: "edge-1 (here)" }).waitFor();
    const shifts = await page.evaluate(() => (globalThis as { shifts?: number }).shifts ?? 0);
    assert.ok(shifts < 0.1, `layout shifts: ${shifts}`);
    // As text: what is compiled here would import by our own compiler's helper.
    const sizes = await page.evaluate(`import("/console/plot.mjs").then(({ Ring }) => {
      const ring = new Ring();
      for (let value = 0; value < 100_000; value++) ring.push(value);
      return [ring.size, ring.at(0), ring.last];
    })`);
    assert.deepEqual(sizes, [300, 99_700, 99_999]);
    // A node of several apps has more than one connection of a kind to a broker.
    const rows = await page.evaluate(`import("/console/dom.mjs").then(({ Table }) => {
      const table = new Table([{ title: "At", cell: ({ at }) => at }], ({ name }) => name, "none");
      const shown = [];
      for (const at of ["1", "2", "3"]) {
        table.show([{ name: "a", at }, { name: "b", at }, { name: "a", at }]);
        shown.push(table.element.querySelector("tbody").textContent);
      }
      return shown;
    })`);
    assert.deepEqual(rows, ["111", "222", "333"]);

    await page.goto(`${page.url().split("#")[0]}#/connection/${id}`);
    await page.locator(".row .quiet", { hasText: "live" }).waitFor();
    for (let message = 0; message < 2_000; message++) client.text(`flood ${message}`);
    await page.locator(".warn", { hasText: "not shown" }).waitFor();
    assert.ok((await page.locator(".tail li").count()) <= 300);
    await page.keyboard.press("p");
    await page.locator(".row .quiet", { hasText: "paused" }).waitFor();
    await page.keyboard.press("p");
    await page.locator(".row .quiet", { hasText: "live" }).waitFor();
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("t");
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    await page.keyboard.press("?");
    await page.locator("#keys[open] kbd").first().waitFor();
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 360, height: 640 });
    for (const view of ["overview", "connections", "groups", "origins", "brokers"]) {
      await page.goto(`${page.url().split("#")[0]}#/${view}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${view} is ${over} pixels too wide for a phone`);
    }
  });
  assert.deepEqual(rig.problems, []);
});
