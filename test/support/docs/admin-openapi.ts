import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { readPage } from "./docs.ts";

interface Content {
  readonly schema?: { readonly $ref?: string };
}

interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Operation {
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Response>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

export const adminOpenapiFile = "docs/admin-openapi.json";

/** The OpenAPI document of the admin port. */
export const adminOpenapi: Document = JSON.parse(readPage(adminOpenapiFile)) as Document;

/** A key that the document does not name is a fault here; its readers take unknown ones. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)]);
  const isOpen = "properties" in value && !("additionalProperties" in value);
  return { ...Object.fromEntries(entries), ...(isOpen ? { additionalProperties: false } : {}) };
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(closed(adminOpenapi) as object, "admin");

/** What is wrong with a value by a schema of the document. */
export function adminFaults(schema: string, value: unknown): string[] {
  const validate = ajv.getSchema(`admin#/components/schemas/${schema}`);
  assert.ok(validate, `${adminOpenapiFile} has no schema ${schema}`);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Every operation, as `get /admin/overview`. */
export function* adminOperations(): Generator<readonly [name: string, operation: Operation]> {
  for (const [path, item] of Object.entries(adminOpenapi.paths)) {
    for (const method of ["get", "post"]) {
      const operation = item[method];
      if (operation !== undefined) yield [`${method} ${path}`, operation];
    }
  }
}

/** The template of a path, as the document has it. */
function templateOf(path: string): string | undefined {
  const templates = Object.keys(adminOpenapi.paths);
  return templates.find((one) => RegExp(`^${one.replace("{id}", "[^/]+")}$`).test(path));
}

export interface AdminAnswered {
  readonly status: number;
  readonly type: string | null;
  /** Empty for a stream. */
  readonly body: string;
}

/**
 * Asserts that the document has an answer, `asked` being `GET /admin/apps?…`. A method that a path
 * has not is answered as the path's own one. Returns the operation and the status.
 */
export function checkAdminAnswer(asked: string, answered: AdminAnswered): string {
  const { status, type, body } = answered;
  const [method = "", target = ""] = asked.split(" ");
  const path = templateOf(target.split("?")[0] ?? "");
  // A path that nobody serves.
  if (path === undefined) {
    assert.deepEqual([status, adminFaults("Refusal", JSON.parse(body))], [404, []], asked);
    return "";
  }
  const item = adminOpenapi.paths[path] ?? {};
  const name =
    method.toLowerCase() in item ? method.toLowerCase() : "get" in item ? "get" : "post";
  const found = item[name]?.responses[status];
  assert.ok(found, `${asked} answers ${status}, which is not described: ${body}`);
  const { components } = adminOpenapi;
  const { content } = found.$ref
    ? (components.responses[found.$ref.split("/")[3] ?? ""] ?? {})
    : found;
  const [media = ""] = (type ?? "").split(";");
  const described = content?.[media];
  assert.ok(described, `${asked}, ${status}: ${media} is not described`);
  const [, schema] = /^#\/components\/schemas\/(\w+)$/.exec(described.schema?.$ref ?? "") ?? [];
  if (schema !== undefined) {
    assert.deepEqual(adminFaults(schema, JSON.parse(body)), [], `${asked}, ${status}: ${body}`);
  }
  return `${name} ${path} ${status}`;
}
