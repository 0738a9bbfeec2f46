import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fewHttpCases, type HttpOutcome, httpTable, nameOf, runHttpFault } from "./http-faults.ts";

const outcomes: HttpOutcome[] = [];
after(() => console.log(httpTable(outcomes)));

for (const one of fewHttpCases) {
  test(nameOf(one), async () => {
    const outcome = await runHttpFault(one);
    outcomes.push(outcome);
    assert.deepEqual(outcome.failures, []);
  });
}
