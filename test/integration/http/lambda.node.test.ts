import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { installPackages } from "../../support/process/packages.ts";
import { bunProgram, freePort, nodeProgram, Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { within } from "../../support/process/wait.ts";

const transcript = [
  "a client without a name is refused: 401",
  "ada is connected",
  "bob is connected",
  'ada says: {"action":"id"}',
  "ada gets: ID-OF-ADA",
  'bob says: {"action":"id"}',
  "bob gets: ID-OF-BOB",
  "ada says: hello",
  "ada gets: you said: hello",
  'ada says: {"action":"no such route"}',
  'ada gets: you said: {"action":"no such route"}',
  'ada says: {"action":"fail"}',
  "ada gets: Internal server error",
  'ada says: {"action":"tell","to":"ID-OF-BOB","text":"psst"}',
  "bob gets: psst",
  "ada gets: told",
  'bob says: {"action":"leave"}',
  "bob is disconnected",
  'ada says: {"action":"tell","to":"ID-OF-BOB","text":"are you there?"}',
  "ada gets: gone",
  'ada says: {"action":"leave"}',
  "ada is disconnected",
];

const account = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
};

async function ended(program: Program): Promise<string[]> {
  const exit = await within(program.exited, { deadline: 120_000, what: "the end of it" });
  assert.deepEqual(exit, { code: 0, signal: null }, program.output);
  return program.lines;
}

for (const runtime of gatewayRuntimes) {
  test(`${runtime}: a Lambda function talks to clients`, async () => {
    const [functionPort, servicePort] = [`${await freePort()}`, `${await freePort()}`];
    const env = { ...account, CONNECTIONS_URL: `http://127.0.0.1:${servicePort}/dev` };
    const args = ["examples/lambda/server.mjs", functionPort];
    await using server = new Program(nodeProgram(), args, { env });
    await server.line((line) => line === "ready" || undefined, "the function");
    const origin = ["--origin", `http://127.0.0.1:${functionPort}`, "--origin-format", "aws"];
    const flags = [...origin, "--service-port", servicePort];
    const gateway = await startGateway({ runtime, flags });
    const url = `ws://127.0.0.1:${gateway.info.port}`;
    await using talk = new Program(bunProgram, ["examples/lambda/conversation.ts", url]);
    assert.deepEqual(await ended(talk), transcript);
    const gone = (line: string): string | undefined => / (is gone)$/.exec(line)?.[1];
    assert.equal(await server.line(gone, "$disconnect"), "is gone");
  });
}

/** In the environment of a test: installs serverless-offline, 280 MB in a minute or three. */
const variable = "TEST_SERVERLESS";

test("the same function has the same conversation under serverless-offline", {
  skip: process.env[variable] === undefined && `${variable}=1 installs serverless-offline`,
}, async (t) => {
  const folder = temporaryFolder();
  const project = JSON.parse(readFileSync("examples/lambda/package.json", "utf8"));
  const packages = { ...project.dependencies, ...project.devDependencies };
  const skipped = await installPackages(folder, packages);
  if (skipped !== undefined) return t.skip(skipped);
  await using example = new Program(bunProgram, ["examples/lambda/main.ts", folder]);
  const lines = await ended(example);
  const said = lines.filter((line) => transcript.includes(line) || line.startsWith("a client"));
  assert.deepEqual(said, [...transcript, ...transcript]);
  assert.ok(lines.includes("Both conversations are the same."));
});
