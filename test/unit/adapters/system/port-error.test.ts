import assert from "node:assert/strict";
import { test } from "node:test";
import { portError } from "../../../../adapters/system/mod.ts";

const where = { host: "127.0.0.1", port: 80 };

for (const { what, cause, code, message } of [
  {
    what: "the system's error for a port in use",
    cause: Object.assign(new Error("listen"), { code: "EADDRINUSE" }),
    code: "port-in-use",
    message: "port 80 on 127.0.0.1 is in use",
  },
  {
    what: "that of Deno",
    cause: Object.assign(new Error("Address already in use"), { name: "AddrInUse" }),
    code: "port-in-use",
    message: "port 80 on 127.0.0.1 is in use",
  },
  {
    what: "a port that needs a right",
    cause: Object.assign(new Error("listen"), { code: "EACCES" }),
    code: "setting-invalid",
    message: "cannot listen on 127.0.0.1, port 80: EACCES",
  },
  {
    what: "an error without a code",
    cause: new Error("no such address"),
    code: "setting-invalid",
    message: "cannot listen on 127.0.0.1, port 80: no such address",
  },
]) {
  test(`${what} is told as ${code}`, () => {
    const error = portError(cause, where);
    assert.deepEqual([error.code, error.message, error.cause], [code, message, cause]);
  });
}
