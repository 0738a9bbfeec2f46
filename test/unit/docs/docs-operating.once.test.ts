import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { closeReasons, ErrorCode, faultCloseCodes } from "../../../core/base/mod.ts";
import {
  logCategories,
  readSettings,
  type Setting,
  settingGroups,
  settings,
} from "../../../core/config/mod.ts";
import { reloadable } from "../../../runtimes/cli/settings/mod.ts";
import { blocksOf, readPage, tableRows, unquoted } from "../../support/docs/docs.ts";
import { documentedErrors } from "../../support/tidy/texts.ts";

const page = "docs/operating";

/** The source of what runs in production. */
const source: string = ["core", "adapters", "runtimes"]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => readFileSync(join(folder, path), "utf8")),
  )
  .join("\n");

function found(pattern: RegExp): string[] {
  const matches = Array.from(source.matchAll(pattern), (match) => match[1] ?? "");
  return [...new Set(matches)].sort();
}

/** The names in backquotes between the two comments of a page. */
function namesBetween(path: string, mark: string): string[] {
  const text = readPage(path);
  const listed = text.split(`<!-- ${mark} -->`)[1]?.split(`<!-- /${mark} -->`)[0] ?? "";
  return [...listed.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? "").sort();
}

function column(heading: string): string[] {
  return tableRows(page, heading)
    .map(([cell = ""]) => unquoted(cell))
    .sort();
}

/** What the page says above its tables, once for all settings. */
const saidOnce = /; (0 picks a free port|safer in the environment( or a file)?)$/;

/** What is allowed, without how a duration, a size or a list is written: that is said once too. */
function brief(allowed: string): string {
  return allowed
    .replace(/a whole number from |a (duration|size) such as .*, from /, "")
    .replace(/(\d\w*) to (\d\w*)/, "$1–$2")
    .replace(/^(the path of an? |one of |an? )/, "")
    .replace(/^true or false$/, "boolean")
    .replace(/,? separated by commas/, ", …");
}

test("the settings tables are those of the code, one for each group", () => {
  const rows = tableRows("docs/operating/settings.md", "setting");
  const names = rows.map(([name = ""]) => unquoted(name));
  assert.deepEqual(names, Object.keys(settings));
  const headings = readPage("docs/operating/settings.md").matchAll(/^## (.*)$/gm);
  const found = Array.from(headings, ([, heading = ""]) => heading.toLowerCase());
  assert.deepEqual(found, [...settingGroups.keys()]);
  for (const [name = "", fallback = "", allowed, about] of rows) {
    const setting: Setting = settings[unquoted(name) as keyof typeof settings];
    const written = fallback === "–" ? "" : unquoted(fallback);
    assert.deepEqual(v.parse(setting.schema, written), setting.default, name);
    assert.equal(written, setting.written, `${name}: help shows the default as it is accepted`);
    assert.equal(allowed, brief(setting.allowed), name);
    assert.equal(about, setting.about.replace(saidOnce, ""), name);
  }
});

test("the config file that is shown is allowed", () => {
  const [block, ...more] = blocksOf(page).filter(({ subject }) => subject === "config");
  assert.ok(block !== undefined && more.length === 0);
  const file = JSON.parse(block.body);
  const read = readSettings({ flags: {}, environment: {}, file, defaults: {} });
  assert.deepEqual(read.subprotocols, ["chat.v2", "chat.v1"]);
  assert.equal(read["max-message-size"], 65_536);
});

test("the metrics are those of the code", () => {
  assert.deepEqual(column("name"), found(/"((?:wss|process|nodejs)_[a-z_]+)"/g));
});

test("the log's events are those of the code", () => {
  const listed = column("event");
  const literal = found(/\blog\(\s*"(?:debug|info|warn|error)",\s*"([a-z-]+)"/g);
  for (const event of literal) assert.ok(listed.includes(event), `${event} is not in ${page}`);
  for (const event of listed) {
    assert.ok(source.includes(`"${event}"`), `${event} stands in no source file`);
  }
});

test("the reasons of not being ready are those of the code", () => {
  const [row] = tableRows(page, "path").filter(([path]) => path === "`/readyz`");
  const listed = row?.[1]?.match(/`[a-z -]+`/g)?.map(unquoted);
  assert.deepEqual(listed, [
    "no connection to the broker for commands and presence",
    "no connection to the broker for events",
    "no origin",
    "event window full",
    "max-connections reached",
    "kept requests fill their memory",
    "too many handshakes wait for an origin",
    "no keys to verify tokens",
    "no file descriptor for a further client",
    "draining",
    "starting",
    "no worker",
  ]);
  for (const reason of listed ?? []) assert.ok(source.includes(`"${reason}"`), reason);
});

test("the categories of the log are the first words of its events", () => {
  const words = new Set(column("event").map((event) => event.split("-")[0]));
  assert.deepEqual([...logCategories].sort(), [...words].sort());
});

test("the settings that a reload takes over are those of the code", () => {
  const names = namesBetween("docs/operating/starting.md", "reloadable");
  assert.deepEqual(names, [...reloadable].sort());
});

test("the exit codes are those of the code", () => {
  const codes = source.match(/const ExitCode = \{([^}]*)\}/)?.[1]?.match(/\d+/g);
  assert.deepEqual(column("code"), codes);
});

const errorsPage = readPage("docs/errors.md");
const reasons = Object.values(closeReasons);

test("the page lists each reason for which the gateway closes a connection, and no other", () => {
  const [, section = ""] = errorsPage.split("\n## Close reasons\n");
  const rows = section.split("\n").filter((line) => /^\| \d/.test(line));
  const name = (text: string | undefined): string => (text ? `\`${text}\`` : "–");
  const expected = reasons.map(
    ({ closeCode, text, cause, errorCode, reconnect }) =>
      `| ${closeCode} | ${name(text)} | ${name(cause)} | ${name(errorCode)} | ` +
      (reconnect ? "yes |" : "no |"),
  );
  assert.deepEqual(rows.sort(), expected.sort());
});

test("the page names every close code that is sent with an error, and no other", () => {
  const codes = Object.keys(ErrorCode) as ErrorCode[];
  const documented = documentedErrors(errorsPage);
  for (const code of codes) {
    const ofCode = reasons.filter(({ errorCode }) => errorCode === code);
    const sent = new Set(ofCode.map(({ closeCode }) => closeCode as number));
    const fault = faultCloseCodes[code];
    if (fault !== undefined) sent.add(fault);
    // 1006 is never sent: the stream is cut.
    sent.delete(1006);
    const named = documented.get(code)?.match(/\b[14]\d{3}\b/g) ?? [];
    assert.deepEqual(named.map(Number).sort(), [...sent].sort(), code);
  }
});
