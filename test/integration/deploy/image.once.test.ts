import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { outputOf } from "../../support/deploy/output-of.ts";
import { GatewayProcess } from "../../support/gateway/gateway.ts";
import { installPackages } from "../../support/process/packages.ts";
import { bunProgram, freePort, Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

const dockerfile = readFileSync("examples/deploy/Dockerfile", "utf8");
/** What may stand in the image beside the executable. */
const restBytesMax = 5_000_000;

const folder = temporaryFolder();
const image = join(folder, "root");

/** The arguments of an instruction of the Dockerfile, its continued lines joined. */
function instructions(name: string): string[] {
  const lines = dockerfile.replaceAll(/ *\\\n */g, " ").split("\n");
  return lines.filter((line) => line.startsWith(`${name} `)).map((l) => l.slice(name.length + 1));
}

function wordsOf(instruction: string): string[] {
  const last = instructions(instruction).at(-1) ?? "";
  return JSON.parse(last.slice(last.indexOf("[")));
}

before(
  async () => {
    const executable = join(folder, "websocket-service");
    const flags = ["--compile", "--minify", "--outfile", executable];
    await outputOf(bunProgram, ["build", ...flags, "runtimes/bun/main.ts"]);
    // The step of the build that fills the image, as the Dockerfile has it.
    const [step = ""] = instructions("RUN").filter((text) => text.startsWith("mkdir -p /image"));
    assert.notEqual(step, "");
    const here = step.replaceAll("/image", image);
    await outputOf("sh", ["-c", here.replaceAll("dist/websocket-service", executable)]);
  },
  { timeout: 170_000 },
);

test("Docker's own linter has nothing to say about the Dockerfile", async (context) => {
  const packages = {
    "dockerfile-utils": "0.16.3",
    "vscode-languageserver-textdocument": "1.0.12",
  };
  const skipped = await installPackages(join(folder, "linter"), packages);
  if (skipped !== undefined) return context.skip(skipped);
  const require = createRequire(join(resolve(folder), "linter", "package.json"));
  const { validate } = require("dockerfile-utils");
  assert.deepEqual(validate(dockerfile, {}), []);
  // It does look.
  const wrong = dockerfile.replace("--timeout", "--timout").replace("USER", "USERS");
  assert.equal(validate(wrong, {}).length, 2);
});

test("the image is from scratch, has a user without rights, and what it copies is built", () => {
  assert.deepEqual(instructions("FROM"), ["node:22-bookworm-slim AS build", "scratch"]);
  assert.deepEqual(instructions("COPY"), [". .", "--from=build /image /"]);
  assert.deepEqual(instructions("USER"), ["65532:65532"]);
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const [build = ""] = instructions("RUN");
  const [, script = ""] = /^npm ci --ignore-scripts && npm run --silent (\w+)$/.exec(build) ?? [];
  assert.ok(Object.hasOwn(scripts, script), build);
  // Nothing that the build needs is left out of its context.
  const left = readFileSync("examples/deploy/Dockerfile.dockerignore", "utf8");
  const names = left.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(names, [".git", "dist", "docs", "node_modules", "test"]);
});

test("the image has at most 5 MB beside the executable", () => {
  const files = readdirSync(image, { recursive: true, encoding: "utf8" })
    .map((name) => join(image, name))
    .filter((path) => statSync(path).isFile());
  const sizes = files.map((path) => statSync(path).size);
  const executable = statSync(join(image, "usr/local/bin/websocket-service")).size;
  const rest = sizes.reduce((sum, size) => sum + size, 0) - executable;
  assert.ok(rest > 0 && rest <= restBytesMax, `${rest} bytes in ${files.join(", ")}`);
});

/** What a container runtime does: a root that is the image, read-only, with /proc and /dev. */
const enter = `set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -o remount,bind,ro "$1"
root="$1"; shift
exec /usr/sbin/chroot --userspec=${instructions("USER")[0]} "$root" "$@"`;

function inImage(words: readonly string[]): [string, string[]] {
  return ["unshare", ["--mount", "sh", "-c", enter, "sh", image, ...words]];
}

test("in the image alone, read-only and without rights, a gateway serves and is healthy", {
  skip: process.getuid?.() === 0 ? false : "only root can make mounts",
}, async () => {
  for (const name of ["proc", "dev"]) mkdirSync(join(image, name));
  const adminPort = await freePort();
  const env = {
    WSS_PORT: "0",
    WSS_ADMIN_PORT: String(adminPort),
    WSS_BROKER_PORT: "0",
    WSS_LOG_FORMAT: "json",
    WSS_ORIGIN_MODE: "open",
    WSS_DRAIN_PERIOD: "0ms",
  };
  const words = [...wordsOf("ENTRYPOINT"), ...wordsOf("CMD")];
  const [command, args] = inImage(words);
  await using gateway = new GatewayProcess(command, args, { env });
  const { port } = await gateway.started;
  const client = await RawClient.open(port);
  after(() => client.destroy());
  const check = (): Program => new Program(...inImage(wordsOf("HEALTHCHECK")), { env });
  const healthy = check();
  assert.deepEqual(await healthy.exited, { code: 0, signal: null }, healthy.output);
  assert.equal(healthy.output, "200 ok");
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  const gone = check();
  assert.deepEqual(await gone.exited, { code: 1, signal: null }, gone.output);
  assert.match(gone.output, /^http-connect: /m);
});
