import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAccessKeys } from "../../../../../adapters/service-port/aws/access-keys.ts";
import {
  type SignedRequest,
  signatureFault,
} from "../../../../../adapters/service-port/aws/signature.ts";

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

const vectors = JSON.parse(readFileSync("test/vectors/aws-signatures.json", "utf8")) as {
  readonly secret: string;
  readonly cases: readonly Vector[];
};
const expected = { service: "service", now: Date.UTC(2015, 7, 30, 12, 36) };
const secretOf = (accessKey: string): string | undefined =>
  accessKey === "AKIDEXAMPLE" ? vectors.secret : undefined;

function requestOf({ method, target, headers, body }: Vector): SignedRequest {
  return { method, target, rawHeaders: headers, body: new TextEncoder().encode(body) };
}

function headerOf({ headers }: Vector, name: string): string {
  return headers[headers.findIndex((one) => one.toLowerCase() === name) + 1] ?? "";
}

const vanilla = vectors.cases.find(({ name }) => name === "get-vanilla") as Vector;

test("AWS's suite: every case of a normalised path is there", () => {
  assert.ok(vectors.cases.length >= 28, `${vectors.cases.length} cases`);
});

for (const vector of vectors.cases) {
  test(`AWS's suite: ${vector.name}`, () => {
    assert.equal(signatureFault(requestOf(vector), secretOf, expected), undefined);
  });
}

/** A header of the vanilla request is another one; undefined: it is left out. */
function changed(name: string, value: string | undefined): readonly string[] {
  const headers = [...vanilla.headers];
  const at = headers.findIndex((one) => one.toLowerCase() === name);
  if (value === undefined) headers.splice(at, 2);
  else headers[at + 1] = value;
  return headers;
}

const authorization = headerOf(vanilla, "authorization");

const authorized = (from: string, to: string): Partial<SignedRequest> => ({
  rawHeaders: changed("authorization", authorization.replace(from, to)),
});
const dated = (date?: string): Partial<SignedRequest> => ({
  rawHeaders: changed("x-amz-date", date),
});
const twice = [...vanilla.headers, "Authorization", authorization];
const body = new TextEncoder().encode("x");
const wrong: readonly (readonly [what: string, change: Partial<SignedRequest>, fault: RegExp])[] =
  [
    ["another method", { method: "POST" }, /not the one of this request/],
    ["another path", { target: "/other" }, /not the one of this request/],
    ["another query", { target: "/?a=1" }, /not the one of this request/],
    ["another body", { body }, /not the one of this request/],
    ["another host", { rawHeaders: changed("host", "a.example") }, /not the one of this request/],
    ["no signature", { rawHeaders: changed("authorization", undefined) }, /no signature/],
    ["another form", authorized(authorization, "Bearer secret"), /no signature/],
    ["two signatures", { rawHeaders: twice }, /no signature/],
    ["one that is too short", authorized(authorization.slice(-2), ""), /no signature/],
    ["no date", dated(), /X-Amz-Date/],
    ["no time", dated("20151330T123600Z"), /X-Amz-Date/],
    ["a date that is not the scope's", dated("20150830T123600"), /X-A/],
    ["an unknown key", authorized("AKID", "OTHER"), /access key is not known/],
    ["the scope of another service", authorized("/service/", "/s3/"), /scope/],
    ["a scope of another day", authorized("/20150830/", "/20150829/"), /scope/],
    ["a host that is not signed", authorized("host;", ""), /host is not signed/],
  ];

for (const [what, change, fault] of wrong) {
  test(`a signature with ${what} is refused`, () => {
    const request = { ...requestOf(vanilla), ...change };
    assert.match(signatureFault(request, secretOf, expected) ?? "", fault);
  });
}

test("a signature counts for five minutes before and after, and for its service alone", () => {
  const request = requestOf(vanilla);
  const at = (ms: number): string | undefined =>
    signatureFault(request, secretOf, { service: "service", now: expected.now + ms });
  assert.equal(at(300_000), undefined);
  assert.equal(at(-300_000), undefined);
  assert.match(at(300_001) ?? "", /over 5 minutes off/);
  assert.match(at(-300_001) ?? "", /over 5 minutes off/);
  const other = { service: "execute-api", now: expected.now };
  assert.match(signatureFault(request, secretOf, other) ?? "", /scope/);
});

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

const unusable: readonly (readonly [what: string, text: string, fault: RegExp])[] = [
  ["nothing", "", /no access key/],
  ["half a pair", "[a]\naws_access_key_id = X\n[b]", /line 2: a section needs/],
  ["half a pair at the end", "[a]\naws_secret_access_key = hush", /a section needs/],
  ["a line of another form", "[a]\nhush", /line 2: it is neither/],
  ["an id with a slash", "[a]\naws_access_key_id = A/B", /line 2: an access key's id/],
];

for (const [what, text, fault] of unusable) {
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
