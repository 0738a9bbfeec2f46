import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { closeReasons, ErrorCode, faultCloseCodes } from "../../../core/base/mod.ts";
import { documentedErrors } from "../../support/tidy/texts.ts";

const page = readFileSync("docs/errors.md", "utf8");
const reasons = Object.values(closeReasons);

test("the page lists each reason for which the gateway closes a connection, and no other", () => {
  const [, section = ""] = page.split("\n## Close reasons\n");
  const rows = section.split("\n").filter((line) => /^\| \d/.test(line));
  const name = (text: string | undefined): string => (text ? `\`${text}\`` : "–");
  const expected = reasons.map(
    ({ closeCode, text, cause, errorCode, reconnect }) =>
      `| ${closeCode} | ${name(text)} | ${name(cause)} | ${name(errorCode)} | ` +
      (reconnect ? "yes |" : "no |"),
  );
  assert.deepEqual(rows.sort(), expected.sort());
});

test("the page names every close code that is sent with an error, and no other", () => {
  const codes = Object.keys(ErrorCode) as ErrorCode[];
  const documented = documentedErrors(page);
  for (const code of codes) {
    const sent = new Set(reasons.filter((one) => one.errorCode === code).map(closeCodeOf));
    const fault = faultCloseCodes[code];
    if (fault !== undefined) sent.add(fault);
    // 1006 is never sent: the stream is cut.
    sent.delete(1006);
    const named = documented.get(code)?.match(/\b[14]\d{3}\b/g) ?? [];
    assert.deepEqual(named.map(Number).sort(), [...sent].sort(), code);
  }
});

function closeCodeOf({ closeCode }: { readonly closeCode: number }): number {
  return closeCode;
}
