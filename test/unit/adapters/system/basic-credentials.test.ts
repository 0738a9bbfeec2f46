import assert from "node:assert/strict";
import { test } from "node:test";
import { basicCredentials } from "../../../../adapters/system/mod.ts";

for (const { url, login } of [
  { url: "http://h/", login: undefined },
  { url: "http://user@h/", login: "user:" },
  { url: "http://us%C3%A9r:p%3Aw@h/", login: "us\u00e9r:p:w" },
  // A percent sign that begins nothing stays as it is.
  { url: "http://a%zz:b@h/", login: "a%zz:b" },
]) {
  test(`the credentials of ${url} are ${login ?? "none"}`, () => {
    const expected =
      login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
    assert.equal(basicCredentials(new URL(url)), expected);
  });
}
