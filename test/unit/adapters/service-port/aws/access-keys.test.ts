import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAccessKeys } from "../../../../../adapters/service-port/aws/access-keys.ts";

test("access keys are read as AWS's own tools write them", () => {
  const text = [
    "# of the back ends",
    "[default]",
    "aws_access_key_id = AKIDEXAMPLE",
    "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "region = eu-central-1",
    "",
    "[orders]",
    "aws_secret_access_key = two",
    "aws_access_key_id = AKIDTWO",
  ].join("\r\n");
  assert.deepEqual(Object.fromEntries(parseAccessKeys(text)), {
    AKIDEXAMPLE: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    AKIDTWO: "two",
  });
});

const wrong: readonly (readonly [what: string, text: string, fault: RegExp])[] = [
  ["nothing", "", /no access key/],
  ["half a pair", "[a]\naws_access_key_id = X\n[b]", /line 2: a section needs/],
  ["half a pair at the end", "[a]\naws_secret_access_key = hush", /a section needs/],
  ["a line of another form", "[a]\nhush", /line 2: it is neither/],
  ["an id with a slash", "[a]\naws_access_key_id = A/B", /line 2: an access key's id/],
];

for (const [what, text, fault] of wrong) {
  test(`a file of access keys with ${what} is refused, and no secret told`, () => {
    assert.throws(
      () => parseAccessKeys(text),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, "setting-invalid");
        assert.match(error.message, fault);
        assert.doesNotMatch(error.message, /hush/);
        return true;
      },
    );
  });
}
