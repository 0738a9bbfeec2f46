import assert from "node:assert/strict";
import { test } from "node:test";
import { isRoutePattern, parseRoute } from "../../../../core/base/mod.ts";
import { Routes } from "../../../../core/handshake/routes.ts";

const routes = new Routes(
  [
    { pattern: "/chat/lobby", app: "lobby" },
    { pattern: "/chat/:room", app: "chat" },
    { pattern: "/chat/:room/seats/:seat", app: "seats" },
    { pattern: "/files/*", app: "files" },
    { pattern: "/", app: "home" },
  ],
  "default",
);

const found: readonly [path: string, app: string, params: Record<string, string>][] = [
  ["/", "home", {}],
  ["/chat/lobby", "lobby", {}],
  ["/chat/a", "chat", { room: "a" }],
  ["/chat/a%2Fb%20c", "chat", { room: "a/b c" }],
  ["/chat/%E2%98%95", "chat", { room: "☕" }],
  ["/chat/a/seats/7", "seats", { room: "a", seat: "7" }],
  ["/files/", "files", { "*": "" }],
  ["/files/a/b%20c", "files", { "*": "a/b c" }],
];

test("the first pattern that fits names the app and the parameters", () => {
  for (const [path, app, params] of found) {
    assert.deepEqual(routes.find(path), { app, params }, path);
  }
});

test("what fits no pattern leads nowhere", () => {
  const paths = ["", "/chat", "/chat/", "/chat//seats/1", "/chat/a/", "/files", "/x", "/Chat/a"];
  for (const path of [...paths, "/chat/%ff", "/chat/%", "/files/%c0%80", "//"]) {
    assert.equal(routes.find(path), undefined, path);
  }
});

test("without routes every path leads to the one app", () => {
  const one = new Routes([], "default");
  assert.deepEqual(one.find("/any/%ff"), { app: "default", params: {} });
  assert.deepEqual([one.apps, routes.apps.length], [["default"], 5]);
});

test("a route is written as PATTERN=APP", () => {
  assert.deepEqual(parseRoute("/a/:b=app-1"), { pattern: "/a/:b", app: "app-1" });
  assert.deepEqual(parseRoute("/a=b=app"), { pattern: "/a=b", app: "app" });
  for (const wrong of ["", "/a", "=app", "a=app", "/a=", "/a=App", "/a/*/b=app", "/:=app"]) {
    assert.equal(parseRoute(wrong), undefined, wrong);
  }
  for (const wrong of ["/:a/:a", "/a b", "/a?x", "/a#x", "//", "/a//b", `/${"a".repeat(1_024)}`]) {
    assert.equal(isRoutePattern(wrong), false, wrong);
  }
});
