import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { adminLimits } from "../../../../adapters/admin/admin-limits.ts";
import { Refusal, serveHttp } from "../../../../adapters/http/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import {
  type AdminAsked,
  type AdminBack,
  AdminRig,
  adminId,
} from "../../../support/admin/admin-rig.ts";
import { adminOperations, checkAdminAnswer } from "../../../support/docs/admin-openapi.ts";

const counts = { sent: 1, slow: 0, gone: 0, expired: 0 };
const fault = (): Error => new Error("a fault of the program");
const broken = (): never => {
  throw fault();
};
const hanging = (): Promise<never> => new Promise(() => {});
const breaking = (): Promise<never> =>
  Promise.reject(new ServiceError("request-timeout", "the body broke off"));

/** All is well, but for what is given. */
function back(changes: Partial<AdminBack> = {}): AdminBack {
  return {
    ask: async () => undefined,
    source: () => [],
    act: async () => "sent",
    find: async () => undefined,
    reload: async () => ({ reloaded: true, changed: [], restart: [] }),
    ready: () => [],
    unhealthy: () => [],
    metrics: () => "",
    ...changes,
  };
}

/** The connection is there. */
const known = async (): Promise<unknown> => ({
  id: adminId,
  app: "default",
  node: "n",
  address: "127.0.0.1",
  openedAt: 1,
  bytesWaiting: 0,
  state: "open",
});

const json = { "content-type": "application/json" };
const zero = { opened: 0, closed: 0, messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 };
const totals = { ...zero, commands: 0, errors: 0 };
const page = async (): Promise<unknown> => ({ connections: [], next: undefined });
const list = async (): Promise<unknown> => [];
const node = { node: "n", incarnation: "i", ready: true, reasons: [], connections: 0 };
const published = async (): Promise<unknown> => ({
  ...counts,
  nodes: { n: counts },
  missing: [],
});

const backs: Readonly<Record<string, Partial<AdminBack>>> = {
  "/admin/overview": {
    source: () => totals,
    ask: async () => ({ ...node, handshakesWaiting: 0, apps: [] }),
  },
  "/admin/connections": { ask: page },
  "/admin/connections/{id}": { ask: known },
  "/admin/connections/{id}/send": { ask: known },
  "/admin/connections/{id}/close": { ask: known, act: async () => "closed" },
  "/admin/publish": { act: published },
  "/admin/origins": { ask: list },
  "/admin/apps": { ask: list },
  "/admin/tail": { ask: known },
};

const bodies: Readonly<Record<string, unknown>> = {
  "/admin/connections/{id}/send": { text: "hi" },
  "/admin/connections/{id}/close": {},
  "/admin/publish": { group: "@all", text: "hi" },
};

/** An operation, and how it is asked so that it succeeds. */
type Case = ReturnType<typeof caseOf>;
function caseOf(name: string) {
  const [method = "", path = ""] = name.split(" ");
  const query = path === "/admin/tail" ? `?connection=${adminId}` : "";
  const body = JSON.stringify(bodies[path] ?? {});
  return {
    name,
    target: path.replace("{id}", adminId) + query,
    asked: (method === "post" ? { method: "POST", headers: json, body } : {}) as AdminAsked,
    back: back(backs[path]),
  };
}

const cases: readonly Case[] = [...adminOperations()].map(([name]) => caseOf(name));
const seen: Set<string> = new Set();

async function note({ name, target }: Case, response: Response): Promise<void> {
  const type = response.headers.get("content-type");
  const isStream = type === "text/event-stream";
  const body = isStream ? "" : await response.text();
  if (isStream) await response.body?.cancel();
  const [method = ""] = name.toUpperCase().split(" ");
  seen.add(checkAdminAnswer(`${method} ${target}`, { status: response.status, type, body }));
}

const silent = new ServiceError("reply-timeout", "the worker does not answer");

const fails = (error: () => unknown): Partial<AdminBack> => {
  const failing = (): never => {
    throw error();
  };
  const later = async (): Promise<never> => failing();
  return { ask: later, source: failing, act: later, reload: later };
};

/** What may happen to an operation of `/admin`: how it is asked, and what stands behind. */
const scenarios: readonly ((one: Case) => [AdminAsked, Partial<AdminBack>?, string?])[] = [
  ({ asked }) => [asked],
  ({ asked }) => [asked, {}, "secret"],
  ({ asked }) => [{ ...asked, headers: { ...asked.headers, "sec-fetch-site": "cross-site" } }],
  ({ asked }) => [{ ...asked, method: asked.method === "POST" ? "GET" : "POST" }],
  ({ asked }) => [asked, fails(fault)],
  ({ asked }) => [asked, fails(() => new ServiceError("requests-full", "full"))],
  ({ asked }) => [asked, { ask: () => Promise.reject(silent) }],
  ({ asked }) => [asked, fails(() => new Refusal("broker-lost", "away"))],
];

/** What may happen to a POST besides. */
const posts: readonly ((one: Case) => [AdminAsked, Partial<AdminBack>?])[] = [
  ({ asked }) => [{ ...asked, headers: {} }],
  ({ asked }) => [{ ...asked, readBody: breaking }],
  ({ asked }) => [{ ...asked, body: "x".repeat(adminLimits.bodyBytesMax + 1) }],
  ({ asked }) => [{ ...asked, body: "{" }],
  ({ asked }) => [{ ...asked, body: `{"app":"none",${asked.body?.slice(1)}`.replace(",}", "}") }],
];

/** What may become of a command to one connection. */
const outcomes = ["slow", "gone", "unknown", "publish-too-big"];

for (const one of cases.filter(({ name }) => name.includes("/admin/"))) {
  test(`${one.name}: every answer is described`, async () => {
    const all = one.asked.method === "POST" ? [...scenarios, ...posts] : scenarios;
    for (const scenario of all) {
      const [asked, changes, token] = scenario(one);
      const rig = new AdminRig({ ...one.back, ...changes }, token);
      await note(one, await rig.ask(one.target, asked));
    }
    const isCommand = one.asked.method === "POST" && one.name.includes("{id}");
    for (const outcome of isCommand ? outcomes : []) {
      const rig = new AdminRig({ ...one.back, act: async () => outcome });
      await note(one, await rig.ask(one.target, one.asked));
    }
    const rig = new AdminRig({ ...one.back, ask: hanging, source: hanging });
    const { requestsMax } = adminLimits;
    for (let count = 0; count < requestsMax; count++) void rig.ask("/admin/overview");
    const full = await rig.ask(one.target, one.asked);
    assert.equal(full.status, 503);
    await note(one, full);
  });
}

test("what only some operations answer is described", async () => {
  const refused = { reloaded: false, code: "setting-invalid", message: "no" } as const;
  for (const [name, target, changes] of [
    ["get /admin/connections", "?limit=0", {}],
    ["get /admin/connections/{id}", "", { ask: async () => undefined }],
    ["get /admin/tail", "", { ask: async () => undefined }],
    ["get /admin/tail", "&group=g", {}],
    ["post /admin/reload", "", { reload: undefined }],
    ["post /admin/reload", "", { reload: async () => refused }],
    ["get /healthz", "", {}],
    ["get /healthz", "", { unhealthy: () => ["stalled"] }],
    ["get /healthz", "", { unhealthy: broken }],
    ["get /readyz", "", {}],
    ["get /readyz", "", { ready: () => ["draining"] }],
    ["get /readyz", "", { ready: broken }],
    ["get /metrics", "", {}],
    ["get /metrics", "", { metrics: broken }],
  ] as readonly (readonly [string, string, Partial<AdminBack>])[]) {
    const one = caseOf(name);
    const rig = new AdminRig({ ...one.back, ...changes });
    await note(one, await rig.ask(one.target + target, one.asked));
  }
  const one = caseOf("get /admin/connections/{id}");
  await note(one, await new AdminRig(one.back).ask("/admin/connections/none"));
  const tail = { ...caseOf("get /admin/tail"), target: "/admin/tail?connection=m.AAAAother" };
  // Another node has it, has it not, or cannot be asked now.
  for (const [find, status] of [
    [known, 421],
    [async () => undefined, 410],
    [() => Promise.reject(silent), 421],
  ] as const) {
    const answer = await new AdminRig(back({ find })).ask(tail.target);
    assert.equal(answer.status, status);
    await note(tail, answer);
  }
});

test("what the HTTP server itself refuses is described", async () => {
  const server = await serveHttp(new AdminRig(back()).app, { port: 0 });
  after(() => server.close());
  const heads = ["Host: a\r\nExpect: more", `Host: a\r\nX-Long: ${"x".repeat(20_000)}`, "X-A: b"];
  for (const { name, target } of cases) {
    for (const head of heads) {
      const socket = connect(server.port, "127.0.0.1");
      const [method = ""] = name.toUpperCase().split(" ");
      const line = `${method} ${target} HTTP/1.1`;
      socket.write(`${line}\r\nConnection: close\r\n${head}\r\n\r\n`);
      const [given = "", body = ""] = (await text(socket)).split("\r\n\r\n");
      const [, type = ""] = /^content-type: (.*)$/im.exec(given) ?? [];
      const status = Number(given.split(" ")[1]);
      seen.add(checkAdminAnswer(`${method} ${target}`, { status, type, body }));
    }
  }
});

test("every status that is described is answered", () => {
  const described = [...adminOperations()].flatMap(([name, { responses }]) =>
    Object.keys(responses).map((status) => `${name} ${status}`),
  );
  const missing = described.filter((one) => !seen.has(one));
  assert.deepEqual(missing, []);
});
