import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessOptions, AdminAccess, permit } from "../../../../adapters/admin/mod.ts";

const closed: AccessOptions = {
  isLocal: false,
  token: "",
  readToken: "",
  userHeader: "",
  proxies: [],
  actors: [],
};
const proxies = ["10.0.0.0/8"];

/** Who comes in to act, and else to read; or the code of the refusal. */
function enter(
  options: Partial<AccessOptions>,
  headers: readonly (readonly [string, string])[],
  address = "10.1.2.3",
): string {
  const access = new AdminAccess({ ...closed, ...options });
  const rawHeaders = headers.flat();
  for (const right of ["act", "read"] as const) {
    try {
      const all = new Headers(headers.map(([n, v]) => [n, v]));
      const visitor = access.identify(all, { address, rawHeaders });
      permit(visitor, right);
      return `${visitor.name} ${right}`;
    } catch (error) {
      const { code } = error as { code: string };
      if (right === "read") return code;
    }
  }
  return "";
}

const host = ["host", "127.0.0.1:8081"] as const;

test("without a rule, this machine alone, by its own name", () => {
  assert.equal(enter({ isLocal: true }, [host], "127.0.0.1"), "local act");
  for (const name of ["localhost", "LOCALHOST:1", "[::1]:8081", "127.1.2.3"]) {
    assert.equal(enter({ isLocal: true }, [["host", name]]), "local act", name);
  }
  for (const name of ["", "evil.example", "127.0.0.1.evil.example", "a b", "localhost.evil"]) {
    assert.equal(enter({ isLocal: true }, [["host", name]]), "request-forbidden", name);
  }
  assert.equal(enter({}, [host]), "request-forbidden");
  assert.equal(new AdminAccess(closed).isOpen, false);
  assert.equal(new AdminAccess({ ...closed, isLocal: true }).isOpen, true);
  assert.equal(new AdminAccess({ ...closed, readToken: "x" }).isOpen, true);
});

test("a token counts everywhere, this machine included", () => {
  const tokens = { token: "acting", readToken: "reading", isLocal: true };
  const bearer = (text: string) => [["authorization", text]] as const;
  assert.equal(enter(tokens, bearer("Bearer acting")), "admin-token act");
  assert.equal(enter(tokens, bearer("bearer reading")), "admin-read-token read");
  for (const text of ["Bearer", "Bearer ", "Bearer actin", "Bearer acting2", "Basic acting"]) {
    assert.equal(enter(tokens, bearer(text)), "request-token", text);
  }
  assert.equal(enter(tokens, [host], "127.0.0.1"), "request-token");
  assert.equal(enter({ readToken: "reading" }, bearer("Bearer reading")), "admin-read-token read");
  assert.equal(enter({ readToken: "reading" }, bearer("Bearer ")), "request-token");
});

test("a proxy's header counts once, and of a trusted proxy alone", () => {
  const header = { userHeader: "X-User", proxies, actors: ["ada"] };
  assert.equal(enter(header, [["x-user", "ada"]]), "ada act");
  assert.equal(enter(header, [["X-USER", "bob"]]), "bob read");
  assert.equal(enter({ ...header, actors: ["*"] }, [["x-user", "bob"]]), "bob act");
  assert.equal(enter(header, [["x-user", "ada"]], "192.0.2.1"), "request-forbidden");
  assert.equal(enter({ ...header, proxies: [] }, [["x-user", "ada"]]), "request-forbidden");
  // A client sent one, and the proxy added its own.
  const twice = [
    ["x-user", "ada"],
    ["x-user", "bob"],
  ] as const;
  assert.equal(enter(header, twice), "request-forbidden");
  assert.equal(enter(header, [["x-user", ""]]), "request-forbidden");
  assert.equal(enter(header, [["x-user", "a".repeat(257)]]), "request-forbidden");
  assert.equal(enter(header, [["x-other", "x-user"]]), "request-forbidden");
  // Where a token would do as well, a browser has to ask for it.
  assert.equal(enter({ ...header, readToken: "reading" }, twice), "request-token");
});

test("a page of another host has no business here, even with a right", () => {
  const bearer = ["authorization", "Bearer acting"] as const;
  const from = (...more: readonly (readonly [string, string])[]): string =>
    enter({ token: "acting" }, [bearer, host, ...more]);
  assert.equal(from(["origin", "http://127.0.0.1:8081"]), "admin-token act");
  assert.equal(from(["origin", "http://127.0.0.1:9"]), "request-forbidden");
  assert.equal(from(["origin", "null"]), "request-forbidden");
  assert.equal(from(["sec-fetch-site", "same-origin"]), "admin-token act");
  assert.equal(from(["sec-fetch-site", "none"]), "admin-token act");
  assert.equal(from(["sec-fetch-site", "cross-site"]), "request-forbidden");
  // A proxy may give another Host: what the browser says counts.
  const proxied = [
    ["sec-fetch-site", "same-origin"],
    ["origin", "https://a.example"],
  ] as const;
  assert.equal(from(...proxied), "admin-token act");
});

const token = "the Authorization header must be Bearer and a token";
const proxied = "a proxy of --admin-proxies must send the header X-User once, with a user";
const none = "no proxy may send the header X-User: the node needs --admin-proxies";
for (const [rule, message] of [
  [{ token: "acting" }, token],
  [{ readToken: "reading" }, token],
  [{ userHeader: "X-User", proxies }, proxied],
  [{ userHeader: "X-User" }, none],
  [{ token: "acting", userHeader: "X-User", proxies }, `${token}, or ${proxied}`],
] as const) {
  test(`a refusal says what would do: ${Object.keys(rule)}`, () => {
    const access = new AdminAccess({ ...closed, ...rule });
    const source = { address: "10.1.2.3", rawHeaders: [] };
    assert.throws(() => access.identify(new Headers(), source), { message });
  });
}
