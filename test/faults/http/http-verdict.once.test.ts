import assert from "node:assert/strict";
import { test } from "node:test";
import { type HttpVerdict, judgeHttp } from "./http-verdict.ts";

/** What a client heard of its five messages, and what the origin was told, by whom. */
const cases: readonly (readonly [
  what: string,
  echoes: readonly number[],
  told: string,
  wrong: Partial<HttpVerdict>,
])[] = [
  ["nothing wrong", [0, 1, 2, 3, 4], "0a 1a 2b 3b 4b", {}],
  ["a message twice", [0, 1, 1, 2, 3, 4], "0a 1a 1b 2b 3b 4b", { twice: 1 }],
  ["a lost message", [0, 1, 2, 3], "0a 1a 2b 3b", { lost: 1, echoesLost: 1, handled: 4 }],
  ["messages in disorder", [0, 1, 2, 3, 4], "0a 2a 1b 3b 4b", { reordered: 1 }],
  ["echoes in disorder", [0, 2, 1, 3, 4], "0a 1a 2b 3b 4b", { echoesReordered: 1 }],
  ["echoes that a killed bridge had", [0, 3, 4], "0a 1a 2a 3b 4b", { echoesGone: 2 }],
  ["an echo that it handed over", [0, 2, 3, 4], "0a 1a 2a 3b 4b", { echoesLost: 1 }],
  ["an echo that another had too", [0, 1, 3, 4], "0a 1a 2a 2b 3b 4b", { echoesLost: 1, twice: 1 }],
  ["an echo of another bridge", [0, 1, 2, 4], "0a 1a 2b 3b 4b", { echoesLost: 1 }],
];

for (const [what, echoes, told, wrong] of cases) {
  test(`the judge of HTTP origins finds ${what}`, () => {
    const messages = told.split(" ").map((one) => `c1 ${one[0]} /${one[1]}`);
    const client = { label: "c1", said: 5, echoes: [...echoes], open: true };
    const right = { sent: 5, handled: 5, lost: 0, reordered: 0, twice: 0, cut: 0, untold: 0 };
    const noEchoes = { echoesLost: 0, echoesReordered: 0, echoesGone: 0 };
    const verdict = judgeHttp([client], { messages, closes: [] }, "/a");
    assert.deepEqual(verdict, { ...right, ...noEchoes, ...wrong });
  });
}
