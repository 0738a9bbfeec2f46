import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { ServiceRig } from "../../../support/service-port/service-rig.ts";

interface Description extends Readonly<Record<string, unknown>> {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function description(): Promise<Description> {
  const answer = await new ServiceRig({ token: "secret" }).ask("/openapi.json", { method: "GET" });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  return answer.json as Description;
}

test("/openapi.json is valid OpenAPI 3.1", async () => {
  const document = await description();
  assert.deepEqual([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  const result = await new Validator().validate(document);
  assert.deepEqual([result.errors, result.valid], [undefined, true]);
});

test("the validator finds faults", async () => {
  const { info: _info, ...faulty } = await description();
  assert.equal((await new Validator().validate(faulty)).valid, false);
});

test("/openapi.json describes every path, and each verb of the commands", async () => {
  const { components, paths } = await description();
  const methods = Object.entries(paths).map(([path, item]) => [
    path,
    Object.keys(item).filter((key) => key !== "parameters"),
  ]);
  assert.deepEqual(Object.fromEntries(methods), {
    "/sr": ["post"],
    "/commands": ["post"],
    "/{stage}/@connections/{id}": ["post", "get", "delete"],
    "/@connections/{id}": ["post", "get", "delete"],
    "/openapi.json": ["get"],
  });
  const text = JSON.stringify(components.schemas);
  for (const verb of ["send", "close", "join", "leave", "publish", "state", "renew", "query"]) {
    assert.ok(text.includes(`"const":"${verb}"`), verb);
  }
  for (const name of ["OutgoingWebSocketMessages", "ConnectionIds", "$binary", "lastActiveAt"]) {
    assert.ok(text.includes(`"${name}"`), name);
  }
});

test("the schema of a batch takes commands with and without options", async () => {
  const { components } = await description();
  const ajv = new Ajv2020({ strict: false });
  const validate = ajv.compile(components.schemas.Commands as object);
  const id = "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc";
  const good: unknown[] = [
    ["send", id, "hi"],
    ["send", [id], { $binary: "AQ==" }, { ref: "r", ttl: 5, at: 1, unknown: true }],
    ["close", id],
    ["close", id, { ref: "r" }],
    ["close", id, 4000, { cause: "error" }],
    ["close", id, null, null, { ref: 1 }],
    ["join", id, "g", { ref: 1 }],
    ["publish", "g", "hi", { except: id }],
    ["publish", "g", "hi", { except: [id] }],
    ["state", id, { a: 1 }],
    ["state", id, null, { ref: 1 }],
    ["renew", id, 0, {}],
    ["query", "g", { count: true, group: true, ref: 1 }],
    ["query", [id], { info: true }],
  ];
  for (const item of good) assert.ok(validate([item]), JSON.stringify(item));
  const bad: unknown[] = [
    ["send", id],
    ["send", id, "hi", { ttl: -1 }],
    ["close", id, { cause: "slow" }],
    ["close", id, "4000"],
    ["publish", "g", "hi", { except: 5 }],
    ["query", "g", { count: "yes" }],
    ["shout", id],
  ];
  for (const item of bad) assert.ok(!validate([item]), JSON.stringify(item));
  const text = JSON.stringify(components.schemas);
  for (const name of ["ref", "ttl", "at", "except", "cause", "count", "group", "info"]) {
    assert.ok(text.includes(`"${name}":{`), name);
  }
});
