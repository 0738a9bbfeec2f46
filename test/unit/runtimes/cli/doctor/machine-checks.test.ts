import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings } from "../../../../../runtimes/cli/doctor/finding.ts";
import { checkValidity } from "../../../../../runtimes/cli/doctor/machine-checks.ts";

const dayMs = 86_400_000;
const at = (days: number): string => new Date(Date.now() + days * dayMs).toUTCString();

for (const [from, to, status] of [
  [-1, 90, "ok"],
  [-1, 13, "warning"],
  [-2, -1, "failed"],
  [1, 90, "failed"],
] as const) {
  test(`a certificate valid from day ${from} to day ${to}: ${status}`, () => {
    const findings = new Findings(() => {});
    checkValidity({ validFrom: at(from), validTo: at(to) }, "--tls-cert", findings);
    assert.deepEqual(
      findings.all.map((finding) => finding.status),
      [status],
    );
  });
}
