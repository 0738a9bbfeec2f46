import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { serveHttp } from "../../../../adapters/http/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { type Asked, base64Of, ServiceRig } from "../../../support/service-port/service-rig.ts";

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}
type Responses = { readonly responses: Readonly<Record<string, Response>> };
type Paths = Readonly<Record<string, Readonly<Record<string, Responses>>>>;

const { json } = await new ServiceRig().ask("/openapi.json", { method: "GET" });
const { paths } = json as { readonly paths: Paths };
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(json as object, "openapi");
const methods = ["post", "get", "delete"];

/** Every operation and its statuses, as `post /sr 200`. */
function* described(): Generator<string> {
  for (const [path, item] of Object.entries(paths)) {
    for (const method of methods) {
      for (const status of Object.keys(item[method]?.responses ?? {})) {
        yield `${method} ${path} ${status}`;
      }
    }
  }
}

const seen: Set<string> = new Set();

/** Notes an answer; it must be described, with its body. */
function note(operation: string, status: number, body: string): void {
  const [method = "", path = ""] = operation.split(" ");
  const response = paths[path]?.[method]?.responses[status];
  assert.ok(response, `${operation} answers ${status}: ${body}`);
  seen.add(`${operation} ${status}`);
  const schema = response.content?.["application/json"]?.schema as { $ref?: string } | undefined;
  if (body === "" || schema?.$ref === undefined) return;
  const validate = ajv.getSchema(`openapi${schema.$ref}`);
  assert.ok(validate?.(JSON.parse(body)), `${operation} ${status}: ${body}`);
}

const fails = (): never => {
  throw new Error("a fault of the program");
};
const hanging = (): Promise<never> => new Promise(() => {});
const broken = (): Promise<never> =>
  Promise.reject(new ServiceError("request-timeout", "the body broke off"));
const coded = (): Promise<never> =>
  Promise.reject(new ServiceError("request-media-type", "the body is compressed"));

/** An operation, how it is asked so that it succeeds, and what of it the path has none of. */
interface Case {
  readonly operation: string;
  readonly target: (id: string) => string;
  readonly good: (id: string) => Asked;
  readonly other: string;
}

const sr = (ids: readonly string[], message: object = { Text: "hi" }): Asked => {
  const ConnectionIds = ids.map(base64Of);
  return {
    body: JSON.stringify({ OutgoingWebSocketMessages: [{ ConnectionIds, Message: message }] }),
  };
};

const ofConnection = (method: string, stage: string): Case => ({
  operation: `${method.toLowerCase()} ${stage === "" ? "" : "/{stage}"}/@connections/{id}`,
  target: (id) => `${stage}/@connections/${id}`,
  good: () => ({ method, body: method === "POST" ? "hi" : "" }),
  other: "PUT",
});

const cases: readonly Case[] = [
  { operation: "post /sr", target: () => "/sr", good: (id) => sr([id]), other: "GET" },
  {
    operation: "post /commands",
    target: () => "/commands",
    good: (id) => ({ body: JSON.stringify([["send", id, "hi"]]) }),
    other: "GET",
  },
  ...["POST", "GET", "DELETE"].flatMap((method) => [
    ofConnection(method, "/prod"),
    ofConnection(method, ""),
  ]),
  {
    operation: "get /openapi.json",
    target: () => "/openapi.json",
    good: () => ({ method: "GET" }),
    other: "POST",
  },
];

type Scenario = readonly [
  asked: (good: Asked, target: string) => Asked & { readonly target?: string },
  prepare?: ((rig: ServiceRig) => void) | undefined,
  options?: ConstructorParameters<typeof ServiceRig>[0],
];

/** What can happen to any operation. */
const scenarios: readonly Scenario[] = [
  [(good) => good],
  [(good) => good, undefined, { token: "secret" }],
  [(good) => ({ ...good, address: "10.0.0.1" })],
  [(good, target) => ({ ...good, target: `${target}?app=nobody` })],
  [(good) => ({ ...good, readBody: broken })],
  [(good) => ({ ...good, readBody: coded })],
  [(good) => ({ ...good, length: 20_000_000 })],
  [(good) => good, ({ port }) => void Object.assign(port, { ready: false })],
  [(good) => good, ({ port }) => void Object.assign(port, { reaches: fails, run: fails })],
];

for (const { operation, target, good, other } of cases) {
  test(`${operation}: every answer is described`, async () => {
    for (const [asked, prepare, options] of scenarios) {
      const rig = new ServiceRig(options);
      const id = rig.port.open("a");
      prepare?.(rig);
      const { target: at = target(id), ...request } = asked(good(id), target(id));
      const { status, text: body } = await rig.ask(at, request);
      note(operation, status, body);
    }
    const rig = new ServiceRig();
    const none = await rig.ask(target("n1.a"), { method: other });
    note(operation, none.status, none.text);
    assert.equal(none.status, 405);
    for (let count = 0; count < 1_024; count++) {
      void rig.ask("/sr", { readBody: hanging, length: 1 });
    }
    const full = await rig.ask(target("n1.a"), good("n1.a"));
    note(operation, full.status, full.text);
    assert.match(full.text, /"requests-full"/);
  });
}

const own: readonly (readonly [operation: string, target: string, asked: Asked])[] = [
  ["post /sr", "/sr", { body: "{" }],
  ["post /sr", "/sr", sr(["n2.b"])],
  ["post /sr", "/sr", sr(["n1.a", "n2.b"])],
  ["post /commands", "/commands", { body: "[1]" }],
  ["post /commands", "/commands", { headers: { "content-type": "text/html" } }],
];

test("what only some operations answer is described", async () => {
  for (const [operation, target, asked] of own) {
    const { status, text: body } = await new ServiceRig().ask(target, asked);
    note(operation, status, body);
  }
  for (const { operation, target, good } of cases.filter(({ operation }) => /@/.test(operation))) {
    for (const [id, outcome] of [
      ["nobody", undefined],
      ["n1.gone", undefined],
      ["n1.a", "unknown"],
    ] as const) {
      const rig = new ServiceRig();
      if (outcome !== undefined) {
        rig.port.run = async () => [{ [id]: outcome, missing: ["n1"] }];
      }
      const { status, text: body } = await rig.ask(target(id), good(id));
      note(operation, status, body);
    }
  }
});

test("what the HTTP server itself refuses is described", async () => {
  const { app } = new ServiceRig();
  const server = await serveHttp(app, { port: 0 });
  after(() => server.close());
  const heads = ["Expect: more", `X-Long: ${"x".repeat(20_000)}`];
  for (const { operation, target } of cases) {
    for (const head of heads) {
      const socket = connect(server.port, "127.0.0.1");
      const [method = ""] = operation.split(" ");
      const line = `${method.toUpperCase()} ${target("n1.a")} HTTP/1.1`;
      socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n${head}\r\n\r\n`);
      const [given = "", body = ""] = (await text(socket)).split("\r\n\r\n");
      note(operation, Number(given.split(" ")[1]), body);
    }
  }
});

test("every status that is described is answered", () => {
  const missing = [...described()].filter((one) => !seen.has(one));
  assert.deepEqual(missing, []);
});

test("a body that is accepted is one that is described, and one that is not is none", async () => {
  const validate = ajv.getSchema("openapi#/components/schemas/Commands");
  const id = "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc";
  const commands: readonly unknown[][] = [
    ["send", id, "hi"],
    ["send", [id], { $binary: "AQ==" }, { ref: "r", ttl: 5, at: 1, unknown: true }],
    ["close", id],
    ["close", id, { ref: "r" }],
    ["close", id, 4000],
    ["close", id, 4000, { cause: "error" }],
    ["close", id, null, "bye", { ref: 1 }],
    ["join", id, "g", { ref: 1 }],
    ["publish", "g", "hi", { except: id }],
    ["publish", "g", "hi", { except: [id] }],
    ["state", id, { a: 1 }],
    ["state", id, null, { ref: 1 }],
    ["renew", id, 0, {}],
    ["query", "g", { count: true, group: true, ref: 1 }],
    ["query", [id], { info: true }],
    ["send", id],
    ["send", id, "hi", { ttl: -1 }],
    ["send", "nobody", "hi"],
    ["state", id],
    ["close"],
    ["close", id, "4000"],
    ["close", id, { cause: "slow" }],
    ["join", id],
    ["publish", "g", "hi", { except: 5 }],
    ["shout", id],
  ];
  for (const command of commands) {
    const { status } = await new ServiceRig().ask("/commands", {
      body: JSON.stringify([command]),
    });
    const what = `${JSON.stringify(command)}: ${status}`;
    assert.equal(validate?.([command]), status === 200, what);
  }
  // The gateway takes it as no count.
  assert.equal(validate?.([["query", "g", { count: "yes" }]]), false);
});

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
  const options = ["ref", "ttl", "at", "except", "cause", "count", "group", "info"];
  const names = ["OutgoingWebSocketMessages", "ConnectionIds", "$binary", "lastActiveAt"];
  for (const name of [...names, ...options]) assert.ok(text.includes(`"${name}":{`), name);
});
