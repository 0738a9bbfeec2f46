import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
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
