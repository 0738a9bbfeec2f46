import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { readClose, readPublish, readSend } from "../../../adapters/admin/requests.ts";
import { decodeGroup, encodeGroup } from "../../../adapters/topics/mod.ts";
import { ErrorCode, parseRoute } from "../../../core/base/mod.ts";
import { readOptions } from "../../../core/commands/command-options.ts";
import { settings } from "../../../core/config/mod.ts";
import { readAccept, readReject } from "../../../core/handshake/authorize-reply.ts";
import { Routes } from "../../../core/handshake/routes.ts";
import type { Authorization, HandshakeRefusal } from "../../../core/ports/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import { adminFaults, adminOpenapi, adminOperations } from "../../support/docs/admin-openapi.ts";
import { blocksOf, filesNamedIn, readPage, tableRows, unquoted } from "../../support/docs/docs.ts";
import { usualOptions } from "../../vectors/codecs.ts";

const page = "docs/protocol";
const codec = createReferenceCodec(usualOptions);

/** Items of the page's JSON blocks on a subject. */
function shown(subject: "command" | "event", verb: string): unknown[][] {
  return blocksOf(page)
    .filter((block) => block.language === "json" && block.subject === subject)
    .map(({ body }) => JSON.parse(body))
    .flatMap((batch) => (batch[0] === 1 ? batch[3] : batch) as unknown[][])
    .filter(([name]) => name === verb);
}

/** The only one. */
function shownOnce(subject: "command" | "event", verb: string): unknown[] {
  const [item, ...more] = shown(subject, verb);
  assert.ok(item !== undefined && more.length === 0, verb);
  return item;
}

function quoted(cell: string | undefined): string[] {
  return Array.from((cell ?? "").matchAll(/`([^`]+)`/g), ([, text = ""]) => text);
}

test("groups are written in topics as the table says", () => {
  const rows = tableRows(page, "group");
  assert.ok(rows.length >= 6);
  for (const [group = "", level = ""] of rows) {
    assert.equal(encodeGroup(unquoted(group)), unquoted(level));
    assert.equal(decodeGroup(unquoted(level)), unquoted(group));
  }
});

test("patterns fit what the table says", () => {
  for (const [pattern, fits = "", params = ""] of tableRows(page, "pattern")) {
    const route = parseRoute(`${unquoted(pattern ?? "")}=app`);
    assert.ok(route !== undefined, pattern);
    const routes = new Routes([route], "default");
    const [yes = "", no = ""] = fits.split(", not ");
    const found = quoted(yes).map((path) => routes.find(path)?.params);
    assert.ok(found.length > 0 && !found.includes(undefined), yes);
    assert.deepEqual(found[0], params === "–" ? {} : JSON.parse(unquoted(params)));
    for (const path of quoted(no)) assert.equal(routes.find(path), undefined, path);
  }
});

test("the accept that is shown lets in, with every key of the table", () => {
  const [, , grant] = shownOnce("command", "accept");
  const listed = tableRows(page, "key of `grant`").map(([key = ""]) => unquoted(key));
  assert.deepEqual(Object.keys(grant as object).sort(), listed.sort());
  const { subprotocol, user, groups, state, expires, headers } = grant as Record<string, unknown>;
  const answer = readAccept(grant, ["v1"], codec.values) as Authorization;
  assert.deepEqual(answer, {
    accepted: true,
    subprotocol,
    headers,
    grant: { user, groups, state, expiresAt: expires },
  });
});

test("the reject that is shown is an answer", () => {
  const [, , status, body, options] = shownOnce("command", "reject");
  const answer = readReject(status, body, options as Record<string, unknown>);
  const { statusCode, headers, body: sent } = answer as HandshakeRefusal;
  assert.deepEqual([statusCode, sent], [401, "who are you?"]);
  assert.equal(headers["www-authenticate"], "Basic");
});

test("what connect asks with is what open tells, but for what is decided", () => {
  const [, id, request] = shownOnce("event", "connect") as [string, string, object];
  const { timeout, ...asked } = request as Record<string, unknown>;
  assert.equal(timeout, 5_000);
  const opened = shown("event", "open").find(([, of]) => of === id);
  const { user, state, subprotocol, ...told } = (opened?.[3] ?? {}) as Record<string, unknown>;
  assert.deepEqual(told, asked);
  assert.ok([user, state, subprotocol].every((value) => value !== undefined));
  const listed = tableRows(page, "key").map(([key = ""]) => unquoted(key));
  for (const key of [...Object.keys(opened?.[3] as object)]) assert.ok(listed.includes(key), key);
});

test("the options that are shown can be read, and are those of the table", () => {
  const listed = tableRows(page, "option").map(([option = ""]) => unquoted(option));
  for (const verb of ["send", "close", "publish", "join", "state", "query", "reject"]) {
    for (const item of shown("command", verb)) {
      const options = item.at(-1);
      if (typeof options !== "object" || options === null || Array.isArray(options)) continue;
      if (Object.hasOwn(options, "$binary")) continue;
      assert.notEqual(readOptions(options as Record<string, unknown>), undefined);
      for (const key of Object.keys(options)) assert.ok(listed.includes(key), `${verb}: ${key}`);
    }
  }
});

test("the codes of refused handshakes are codes", () => {
  const rows = tableRows(page, "what happens").filter((row) => /^(\d|–)/.test(row[1] ?? ""));
  const codes = rows.flatMap((row) => quoted(row[2]));
  assert.ok(codes.length >= 12);
  for (const code of codes) assert.ok(Object.hasOwn(ErrorCode, code), code);
});

test("every verb whose reply differs has one that is shown", () => {
  const results = shown("event", "reply").map(([, , result]) => result as Record<string, unknown>);
  const keys = new Set(results.flatMap((result) => Object.keys(result)));
  for (const key of ["sent", "slow", "gone", "expired", "count", "connections"]) {
    assert.ok(keys.has(key), key);
  }
  assert.ok(shown("event", "reply").some(([, ref]) => ref === null));
});

test("every flag of tokens is explained to who runs a gateway", () => {
  const flags = tableRows("docs/operating", "flag").flatMap(([cell]) => quoted(cell));
  const known = Object.keys(settings).filter((name) => name.startsWith("jwt-"));
  assert.deepEqual(flags.sort(), known.map((name) => `--${name}`).sort());
});

test("the fifth element that is shown is how far back the sender can go", () => {
  const bases = blocksOf(page)
    .filter((block) => block.language === "json" && block.subject === "command")
    .map(({ body }) => {
      assert.equal(codec.commands.decode(new TextEncoder().encode(body)), undefined);
      return codec.commands.oldestAvailable();
    });
  assert.deepEqual([...new Set(bases)].sort(), [-1, 0]);
});

test("each guarantee names tests that prove it, and they are there", () => {
  const guarantees = "docs/protocol/guarantees.md";
  const [, listed = ""] = readPage(guarantees).split(/^## .*$/m);
  const [, ...each] = listed.split(/^(?=\d+\. \*\*)/m);
  assert.ok(each.length >= 12);
  for (const one of each) assert.match(one, /\*Tests?:\*\s+`test\/[^`]+\.test\.ts`/, one);
  for (const file of filesNamedIn(guarantees)) assert.ok(existsSync(file), file);
});

test("it is OpenAPI 3.1", async () => {
  const result = await new Validator().validate({ ...structuredClone(adminOpenapi) });
  assert.deepEqual([result.errors, result.valid], [undefined, true]);
});

test("its operations are those of the pages", () => {
  const rows = tableRows("docs/operating/admin.md", "request").map(([name = ""]) =>
    unquoted(name),
  );
  const plain = tableRows("docs/operating", "path").map(([name = ""]) => `GET ${unquoted(name)}`);
  const named = [...new Set([...rows, ...plain])].map((row) => row.replace(/\bID\b/, "{id}"));
  const described = [...adminOperations()].map(([name]) => {
    const [method = "", path] = name.split(" ");
    return `${method.toUpperCase()} ${path}`;
  });
  assert.deepEqual(described.sort(), named.sort());
});

test("the bodies that it allows are those that are taken", () => {
  const group = { group: "g" };
  const cases: readonly [schema: string, read: (body: unknown) => unknown, body: unknown][] = [
    ...[{ text: "a" }, { binary: "AAE=" }, {}, { text: "a", binary: "AA==" }, { text: 1 }].flatMap(
      (body): [string, (body: unknown) => unknown, unknown][] => [
        ["Message", readSend, body],
        ["Publish", readPublish, { ...body, ...group }],
      ],
    ),
    ["Message", readSend, { text: "a", app: "shop" }],
    ["Message", readSend, { text: "a", app: "NO" }],
    ["Message", readSend, { text: "a", more: 1 }],
    ["Publish", readPublish, { text: "a" }],
    ["Publish", readPublish, []],
    ["Close", readClose, {}],
    ["Close", readClose, { code: 4000, reason: "bye", app: "shop" }],
    ["Close", readClose, { code: 1.5 }],
    ["Close", readClose, { reason: 1 }],
    ["Close", readClose, { other: 1 }],
  ];
  for (const [schema, read, body] of cases) {
    let isTaken = true;
    try {
      read(body);
    } catch {
      isTaken = false;
    }
    const faults = adminFaults(schema, body);
    assert.equal(faults.length === 0, isTaken, `${schema} ${JSON.stringify(body)}: ${faults}`);
  }
});
