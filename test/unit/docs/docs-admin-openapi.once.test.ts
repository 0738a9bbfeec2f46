import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { readClose, readPublish, readSend } from "../../../adapters/admin/requests.ts";
import { adminFaults, adminOpenapi, adminOperations } from "../../support/docs/admin-openapi.ts";
import { tableRows, unquoted } from "../../support/docs/docs.ts";

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
