import assert from "node:assert/strict";
import { test } from "node:test";
import { adminLimits } from "../../../../adapters/admin/admin-limits.ts";
import {
  AdminAccess,
  type AdminAction,
  type AdminActions,
  type AdminSource,
  createAdminApi,
  type RefusedAdminRequest,
} from "../../../../adapters/admin/mod.ts";
import type { RequestSource } from "../../../../adapters/http/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import type { Question } from "../../../../core/inspect/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";

const id = "edge-1.AAAAx";
const elsewhere = "edge-2.AAAAx";

const none = { token: "", readToken: "", userHeader: "", proxies: [], actors: [] };

/** The API of a node whose answers are the test's. */
class Rig {
  readonly sent: unknown[][] = [];
  readonly acted: AdminAction[] = [];
  readonly refused: RefusedAdminRequest[] = [];
  /** What becomes of a message, a close or a publish. */
  outcome: () => Promise<string> = async () => "sent";
  nodes: () => Promise<undefined> = async () => undefined;
  type = "application/json";
  bearer = "";
  readonly #api: ReturnType<typeof createAdminApi>;

  constructor(tokens: { readonly token?: string; readonly readToken?: string } = {}) {
    const act = async (...given: unknown[]): Promise<string> => {
      this.sent.push(given);
      return this.outcome();
    };
    const ask = (question: Question): Promise<unknown> => {
      const { what, ...command } = question;
      return what === "command" ? act(command) : Promise.resolve(undefined);
    };
    const member = { node: "edge-1", ask, tail: () => () => {} };
    this.#api = createAdminApi({
      access: new AdminAccess({ ...none, isLocal: true, ...tokens }),
      source: { members: () => [member], nodes: () => this.nodes() } as unknown as AdminSource,
      actions: {
        apps: ["default", "chat"],
        send: act,
        close: act,
        publish: async (...given: unknown[]) => {
          return { nodes: { "edge-1": { error: await act(...given) } } };
        },
        find: async () => undefined,
      } as unknown as AdminActions,
      clock: new ManualClock(),
      acted: (action) => void this.acted.push(action),
      refused: (request) => void this.refused.push(request),
    });
  }

  /** The status, and the answer's body. */
  async ask(path: string, body?: object): Promise<[status: number, body: { code?: string }]> {
    const answer = await this.answer(path, body);
    return [answer.status, await answer.json()];
  }

  async answer(
    path: string,
    body?: object,
    method: string = body === undefined ? "GET" : "POST",
  ): Promise<Response> {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const source: RequestSource = {
      address: "127.0.0.1",
      target: path,
      rawHeaders: [],
      length: bytes.length,
      body: async () => bytes,
    };
    const authorization = `Bearer ${this.bearer}`;
    const headers = { host: "localhost", "content-type": this.type, authorization };
    const url = `http://localhost/admin/${path}`;
    return this.#api(new Request(url, { method, headers }), source);
  }

  async code(path: string, body: object): Promise<[status: number, code: unknown]> {
    const [status, { code }] = await this.ask(path, body);
    return [status, code];
  }
}

test("requests under way are bounded, and an answered one leaves its place", async () => {
  const rig = new Rig();
  let waiting: (() => void)[] = [];
  rig.nodes = () => new Promise((resolve) => waiting.push(() => resolve(undefined)));
  for (let round = 0; round < 2; round++) {
    waiting = [];
    const asked = Array.from({ length: adminLimits.requestsMax }, () => rig.ask("nodes"));
    await settled();
    const [status, { code }] = await rig.ask("nodes");
    assert.deepEqual([status, code], [503, "requests-full"], `round ${round}`);
    for (const answer of waiting) answer();
    for (const one of asked) assert.equal((await one)[0], 200);
  }
  const codes = rig.refused.map(({ code }) => code);
  assert.deepEqual(codes, ["requests-full", "requests-full"]);
});

test("a tail that cannot be is refused, with what is wrong", async () => {
  const rig = new Rig();
  for (const [query, status, message] of [
    ["", 400, "?: either connection or group is expected"],
    ["?app=default", 400, "?: either connection or group is expected"],
    ["?connection=zzz", 400, "?connection: it is no connection's id"],
    ["?group=g&connection=edge-1.x", 400, "?group: it is unknown"],
    ["?group=g&app=other", 404, "app must be one of default, chat"],
  ] as const) {
    const answer = await rig.answer(`tail${query}`);
    assert.deepEqual([answer.status, (await answer.json()).message], [status, message], query);
  }
});

test("tails are bounded, and one whose reader is gone leaves its place", async () => {
  const rig = new Rig();
  const open = () => rig.answer("tail?group=g");
  const tails: Response[] = [];
  for (let count = 0; count < adminLimits.tailsMax; count++) tails.push(await open());
  for (let round = 0; round < 2; round++) {
    const full = await open();
    assert.equal(full.status, 503);
    assert.equal(((await full.json()) as { code: string }).code, "requests-full");
    await tails.pop()?.body?.cancel();
    tails.push(await open());
    assert.ok(tails.every(({ status }) => status === 200));
  }
  for (const { body } of tails) await body?.cancel();
});

test("a HEAD of a tail opens none: it has no reader that could leave", async () => {
  const rig = new Rig();
  for (let count = 0; count <= adminLimits.tailsMax; count++) {
    const head = await rig.answer("tail?group=g", undefined, "HEAD");
    assert.deepEqual([head.status, head.headers.get("allow")], [405, "GET"]);
  }
  const tail = await rig.answer("tail?group=g");
  assert.equal(tail.status, 200);
  await tail.body?.cancel();
});

test("what is for a connection of this node takes no bus, and all else does", async () => {
  const rig = new Rig();
  await rig.ask(`connections/${id}/send`, { text: "a" });
  await rig.ask(`connections/${id}/send`, { binary: "AAE=", app: "chat" });
  rig.outcome = async () => "closed";
  await rig.ask(`connections/${id}/close`, { code: 4001, reason: "bye" });
  assert.deepEqual(rig.sent, [
    [{ id, app: undefined, item: ["send", "a"] }],
    [{ id, app: "chat", item: ["send", { $binary: "AAE=" }] }],
    [{ id, app: undefined, item: ["close", 4001, "bye"] }],
  ]);
  rig.sent.length = 0;
  await rig.ask(`connections/${elsewhere}/send`, { text: "a" });
  await rig.ask(`connections/${elsewhere}/send`, { text: "b", app: "chat" });
  await rig.ask(`connections/${elsewhere}/close`, { code: 4001 });
  assert.deepEqual(rig.sent, [
    [elsewhere, "a", undefined],
    [elsewhere, "b", "chat"],
    [elsewhere, { code: 4001, reason: "" }, undefined],
  ]);
});

test("an action is for an app that is served", async () => {
  const rig = new Rig();
  for (const path of [`connections/${id}/send`, `connections/${id}/close`]) {
    const body = path.endsWith("send") ? { text: "d", app: "shop" } : { app: "shop" };
    assert.deepEqual(await rig.code(path, body), [404, "request-path"]);
  }
  const elsewhere = await rig.code("publish", { group: "g", text: "e", app: "shop" });
  assert.deepEqual(elsewhere, [404, "request-path"]);
  assert.deepEqual(rig.sent, []);
  rig.outcome = async () => "none";
  await rig.ask("publish", { group: "g", text: "f" });
  assert.deepEqual(rig.sent, [["default", "g", "f"]]);
});

test("whatever becomes of an action, it is logged, and a failure has its code", async () => {
  const rig = new Rig();
  const outcomes: readonly [() => Promise<string>, number, string | undefined, string][] = [
    [async () => "slow", 200, undefined, "slow"],
    [async () => "gone", 410, "id-gone", "id-gone"],
    [async () => "unknown", 504, "reply-timeout", "reply-timeout"],
    [async () => "publish-too-big", 413, "publish-too-big", "publish-too-big"],
    [() => Promise.reject(new ServiceError("broker-lost", "")), 503, "broker-lost", "broker-lost"],
    [() => Promise.reject(new TypeError("a fault")), 500, "internal", "internal"],
  ];
  for (const [outcome, status, code, said] of outcomes) {
    rig.outcome = outcome;
    assert.deepEqual(await rig.code(`connections/${id}/send`, { text: "a" }), [status, code]);
    const who = { who: "local", address: "127.0.0.1" };
    assert.deepEqual(rig.acted.at(-1), { ...who, action: "send", target: id, outcome: said });
  }
  rig.outcome = async () => "publish-too-big";
  const refused = await rig.code("publish", { group: "g", text: "a" });
  assert.deepEqual(refused, [413, "publish-too-big"]);
  assert.equal(rig.acted.length, outcomes.length + 1);
  assert.equal(rig.acted.at(-1)?.target, "default/g");
});

test("a refused action is logged with its target too, as the path has it", async () => {
  const rig = new Rig({ token: "to-act", readToken: "to-read" });
  const send = { text: "a" };
  const publish = { group: "g", text: "a" };
  const long = "x".repeat(1_000);
  for (const [bearer, type, path, body, status, target] of [
    ["", "application/json", `connections/${id}/send`, send, 401, id],
    ["to-read", "application/json", `connections/${id}/close`, {}, 403, id],
    ["to-act", "text/plain", `connections/${id}/send`, send, 415, id],
    ["to-act", "application/json", `connections/${id}/send`, {}, 400, id],
    ["to-act", "application/json", "connections/nobody/close", {}, 400, "nobody"],
    ["", "application/json", `connections/${long}/close`, {}, 401, long.slice(0, 256)],
    ["", "application/json", "reload", {}, 401, "settings"],
    ["", "application/json", "publish", publish, 401, ""],
    ["to-act", "application/json", "publish", { ...publish, app: "shop" }, 404, "shop/g"],
  ] as const) {
    Object.assign(rig, { bearer, type });
    const before = rig.acted.length;
    const answer = await rig.answer(path, body);
    const said = `${bearer}, ${type}, ${path}`;
    assert.deepEqual([answer.status, rig.acted.length], [status, before + 1], said);
    assert.equal(rig.acted.at(-1)?.target, target, said);
  }
});
