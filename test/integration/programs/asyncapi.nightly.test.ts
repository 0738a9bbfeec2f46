import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { installPackages } from "../../support/process/packages.ts";
import { nodeProgram, Program } from "../../support/process/spawn.ts";

/**
 * AsyncAPI's own parser. It brings 180 packages and one that reports its installs, so it is no
 * dependency of this repository.
 */
const parser = { "@asyncapi/parser": "3.6.6" };
const folder = mkdtempSync(join(tmpdir(), "wss-asyncapi-"));
let skipped: string | undefined;

/** Prints what the parser finds in each file, as one line of JSON. */
const script = `
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
for (const file of process.argv.slice(2)) {
  const found = await new Parser().validate(readFileSync(file, "utf8"));
  console.log(JSON.stringify(found.map(({ path, message }) => [path.join("/"), message])));
}
`;

before(
  async () => {
    skipped = await installPackages(folder, parser);
    writeFileSync(join(folder, "validate.mjs"), script);
  },
  { timeout: 250_000 },
);
after(() => rmSync(folder, { recursive: true, force: true }));

test("AsyncAPI's parser has nothing to say against the document", async (t) => {
  if (skipped !== undefined) return t.skip(skipped);
  const document = readFileSync("docs/asyncapi.json", "utf8");
  const wrong = document.replace('"action": "send"', '"action": "post"');
  assert.notEqual(wrong, document);
  writeFileSync(join(folder, "document.json"), document);
  writeFileSync(join(folder, "wrong.json"), wrong);
  const args = ["validate.mjs", "document.json", "wrong.json"];
  await using program = new Program(nodeProgram(), args, { cwd: folder });
  await program.exited;
  const [found = "", foundInWrong = ""] = program.lines;
  assert.equal(found, "[]", program.output);
  // It would have something to say.
  assert.match(foundInWrong, /operations\/publishEvents\/action/);
});
