import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { type AccessOptions, AdminAccess, consoleFile } from "../../../../adapters/admin/mod.ts";

const folder = "adapters/admin/console";

test("the console in the program is that of its files", async () => {
  const { consoleModule } = await import(pathToFileURL(resolve(".ci/console.mjs")).href);
  const embedded = readFileSync("adapters/admin/generated/console-files.ts", "utf8");
  assert.equal(embedded, consoleModule(), "npm run build puts them in");
});

test("the console makes no HTML of what strangers write, and asks nobody else", () => {
  const names = readdirSync(folder);
  assert.ok(names.length > 5);
  for (const name of names) {
    const source = readFileSync(join(folder, name), "utf8");
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/;
    assert.doesNotMatch(source, unsafe, name);
    const elsewhere = source.replaceAll("http://www.w3.org/2000/svg", "");
    assert.doesNotMatch(elsewhere, /https?:\/\/|url\(|@import|style="/, name);
  }
});

const rights = { token: "", readToken: "", userHeader: "", proxies: [], actors: [] };
const ask = (path: string, method = "GET", access: Partial<AccessOptions> = {}) =>
  consoleFile(
    new AdminAccess({ ...rights, isLocal: true, ...access }),
    new Request(`http://127.0.0.1${path}`, { method }),
  );

test("the console is served with a strict policy, under its own paths alone", async () => {
  const page = ask("/");
  assert.match((await page?.text()) ?? "", /^<!doctype html>/);
  const policy = page?.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'; script-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(page?.headers.get("x-content-type-options"), "nosniff");
  for (const name of readdirSync(folder)) {
    const type = ask(`/console/${name}`)?.headers.get("content-type");
    assert.match(type ?? "", /^text\/(html|css|javascript); charset=utf-8$/, name);
  }
  for (const path of ["/console/", "/console/none.mjs", "/console/../main.mjs", "/index.html"]) {
    assert.equal(ask(path), undefined, path);
  }
  assert.equal(ask("/", "POST"), undefined);
  assert.notEqual(ask("/", "HEAD"), undefined);
});

test("beyond this machine the console is for those who have a right", () => {
  assert.throws(() => ask("/", "GET", { isLocal: false }), { code: "request-forbidden" });
  assert.notEqual(ask("/", "GET", { isLocal: false, readToken: "reading" }), undefined);
});
