import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { cloneTo } from "../../support/deploy/clone.ts";
import { GatewayProcess } from "../../support/gateway/gateway.ts";
import {
  bunProgram,
  denoProgram,
  findProgram,
  nodeProgram,
  nodePrograms,
  Program,
  skipWithout,
} from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { within } from "../../support/process/wait.ts";

const folder = temporaryFolder();

/** Nothing that this package's users do may depend on where the repository stands. */
const clone = join(folder, "clone");
const byNpm = join(folder, "by-npm");
const byBun = join(folder, "by-bun");

const bin = join(byNpm, "node_modules", ".bin", "websocket-service");
const serve = ["serve", "--port", "0", "--admin-port", "0", "--broker", "embedded"];
const installed = { cwd: byNpm, env: { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json" } };

const originFile = "origin.mjs";
const typedOriginFile = "origin.ts";
const originScript = `
import { connectOrigin } from "websocket-service/origin";
const origin = await connectOrigin({ broker: process.argv[2], name: process.argv[3] });
origin.on("message", ({ connection, data }) => connection.send(data));
console.log("ready");
`;

/** Types stay in it: Bun and Deno run it as it is. */
const typedOrigin = `
import { connectOrigin, type OriginMessageEvent } from "websocket-service/origin";
const [broker, name] = process.argv.slice(2) as [string, string];
const origin = await connectOrigin({ broker, name });
origin.on("message", ({ connection, data }: OriginMessageEvent): void => {
  connection.send(data);
});
console.log("ready");
`;

const typedScript = `
import { connectOrigin, type Origin, reject } from "websocket-service/origin";
export const origin: Origin = await connectOrigin({ broker: "mqtt://127.0.0.1" });
origin.on("message", ({ connection, data }) => void connection.send(data));
origin.authorize(() => reject(401));
// @ts-expect-error: the declarations are there, and know what an origin has
origin.nothing();
`;

async function succeeds(command: string, args: readonly string[], cwd: string): Promise<Program> {
  const program = new Program(command, args, { cwd });
  const exit = await within(program.exited, { deadline: 120_000, what: `${command} ${args[0]}` });
  assert.deepEqual(exit, { code: 0, signal: null }, program.output);
  return program;
}

/** The process at the end of a line of children, such as npx → a shell → the program. */
function youngestOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? pid : youngestOf(Number(children.split(" ")[0]));
}

function emptyProject(at: string): void {
  mkdirSync(at);
  writeFileSync(join(at, "package.json"), '{"private":true,"type":"module"}');
  writeFileSync(join(at, originFile), originScript);
  writeFileSync(join(at, typedOriginFile), typedOrigin);
  writeFileSync(join(at, "typed.ts"), typedScript);
}

let files: string[] = [];

before(
  async () => {
    cloneTo(clone);
    const packed = await succeeds("npm", ["pack", "--json", "--pack-destination", folder], clone);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    assert.ok(tarball, packed.output);
    // The committed module is what its sources give, and says so.
    assert.doesNotMatch(packed.output, /Compiling WASM/);
    const json = packed.output.slice(packed.output.search(/^\[/m));
    files = (JSON.parse(json) as [{ files: { path: string }[] }])[0].files.map(({ path }) => path);
    for (const project of [byNpm, byBun]) emptyProject(project);
    const quiet = ["--no-fund", "--no-audit"];
    await succeeds("npm", ["install", ...quiet, join(folder, tarball)], byNpm);
    await succeeds(resolve(bunProgram), ["add", join(folder, tarball)], byBun);
  },
  { timeout: 170_000 },
);

test("the package holds the library, the gateway, and nothing else", () => {
  const rest = files.filter((path) => !path.startsWith("dist/lib/"));
  assert.deepEqual(rest.sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist/third-party-licenses.txt",
    "dist/websocket-service-tracing.js",
    "dist/websocket-service.js",
    "package.json",
  ]);
  assert.ok(files.includes("dist/lib/adapters/origin/mod.js"));
  assert.ok(files.includes("dist/lib/adapters/origin/mod.d.ts"));
  assert.deepEqual(
    files.filter((path) => path.includes("/test/") || path.includes("/runtimes/")),
    [],
  );
});

test("an origin's install does not bring the server's packages", () => {
  const installed = readdirSync(join(byNpm, "node_modules"));
  assert.ok(installed.includes("mqtt"));
  const server = ["@opentelemetry", "aedes", "hono", "jose"];
  for (const name of [...server, "assemblyscript", "bun", "typescript"]) {
    assert.ok(!installed.includes(name), name);
  }
});

test("the library's types hold under --strict, the libraries' checked too", async () => {
  const tsc = resolve("node_modules/.bin/tsc");
  const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ] as const) {
    const how = ["--module", module, "--moduleResolution", resolution];
    // Without `types` and `lib` of its own: the declarations name what they need themselves.
    await succeeds(tsc, [...strict, ...how, "typed.ts"], byNpm);
  }
  await succeeds(resolve(denoProgram), ["check", "--quiet", "typed.ts", typedOriginFile], byNpm);
});

test("the library's types hold beside those of Node.js and of Bun", async () => {
  const tsc = resolve("node_modules/.bin/tsc");
  const roots = ["--typeRoots", resolve("node_modules"), "--skipLibCheck"];
  const flags = ["--noEmit", "--strict", "--target", "es2022", ...roots];
  const files = [typedOriginFile, "typed.ts"];
  for (const [project, types, ...how] of [
    [byNpm, "@types/node", "--module", "nodenext"],
    [byBun, "bun-types", "--module", "preserve", "--moduleResolution", "bundler"],
  ] as const) {
    await succeeds(tsc, [...flags, ...how, "--types", types, ...files], project);
  }
});

test("npx passes SIGTERM on where its shell puts the program in its own place", {
  skip: skipWithout("bash"),
}, async () => {
  const npx = ["--script-shell=bash", "websocket-service", ...serve];
  await using gateway = new GatewayProcess("npx", npx, installed);
  await gateway.started;
  const program = youngestOf(gateway.pid as number);
  assert.notEqual(program, gateway.pid);
  gateway.kill("SIGTERM");
  assert.equal((await within(gateway.exited, { what: "the end of npx" })).code, 0);
  assert.ok(gateway.log.some(({ event }) => event === "stopped"));
});

test("npx websocket-service dev runs on Node.js alone, and two people chat", async () => {
  const { dependencies } = JSON.parse(readFileSync(join(clone, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(dependencies), ["@msgpack/msgpack", "mqtt", "valibot"]);
  // npx and the programs that it starts find no other runtime than this.
  const path = join(folder, "node-alone");
  mkdirSync(path);
  for (const name of ["node", "npx", "sh"]) {
    const program = name === "node" ? nodeProgram() : findProgram(name);
    symlinkSync(realpathSync(program ?? name), join(path, name));
  }
  const env = { ...installed.env, PATH: path, npm_config_offline: "true" };
  const ports = ["--port", "0", "--admin-port", "0"];
  const words = ["websocket-service", "dev", ...ports];
  await using gateway = new GatewayProcess(join(path, "npx"), words, { cwd: byNpm, env });
  const { port, runtime } = await gateway.started;
  assert.equal(runtime, "node");
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(await page.text(), /<!doctype html>/i);
  const clients = ["ada", "bob"].map(() => new WebSocket(`ws://127.0.0.1:${port}/`));
  after(() => clients.map((client) => client.terminate()));
  await Promise.all(clients.map((client) => within(once(client, "open"), { what: "a client" })));
  const [ada, bob] = clients;
  const said = new Promise<void>((resolve) => {
    bob?.on("message", (data) => String(data).includes("tea?") && resolve());
  });
  ada?.send("tea?");
  await within(said, { what: "what the other one said" });
  // A terminal's Ctrl-C reaches all of them; a signal to npx alone would end npx alone.
  process.kill(youngestOf(gateway.pid as number), "SIGINT");
  const exit = await within(gateway.exited, { what: "the end of npx" });
  assert.deepEqual(exit, { code: 0, signal: null }, gateway.output);
});

for (const nodejs of nodePrograms()) {
  const version = execFileSync(nodejs, ["--version"], { encoding: "utf8" }).trim();

  test(`an installed gateway starts with 64 descriptors, on Node.js ${version}`, async () => {
    const limited = ["-c", 'ulimit -n 64; exec "$@"', "sh", nodejs, bin, ...serve];
    await using gateway = new GatewayProcess("sh", limited, installed);
    const { port } = await gateway.started;
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    after(() => client.terminate());
    await within(once(client, "open"), { what: "a client that gets in" });
  });

  test(`installed origins answer an installed gateway's clients, Node.js ${version}`, async () => {
    assert.ok(existsSync(bin));
    await using gateway = new GatewayProcess(nodejs, [bin, ...serve], installed);
    const { port, brokerPort } = await gateway.started;
    const broker = `mqtt://127.0.0.1:${brokerPort}`;
    const deno = ["run", "--quiet", "--allow-all", typedOriginFile];
    const origins: [name: string, cwd: string, command: string, ...args: string[]][] = [
      ["nodejs", byNpm, nodejs, originFile],
      ["bun", byBun, resolve(bunProgram), typedOriginFile],
      ["deno", byNpm, resolve(denoProgram), ...deno],
    ];
    // What Bun and Deno do is the same beside each.
    const among = nodejs === nodeProgram() ? origins : origins.slice(0, 1);
    for (const [name, cwd, command, ...args] of among) {
      await using origin = new Program(command, [...args, broker, name], { cwd });
      await origin.line((line) => (line === "ready" ? line : undefined), `${name} is ready`);
      const client = new WebSocket(`ws://127.0.0.1:${port}/`);
      const echoed = new Promise<string>((resolve, reject) => {
        client.on("open", () => client.send(name));
        client.on("message", (data) => resolve(String(data)));
        client.on("error", reject);
      });
      assert.equal(await within(echoed, { what: `the echo of ${name}` }), name);
      client.terminate();
      assert.equal((await origin.stop("SIGTERM")).signal, "SIGTERM");
    }
    assert.equal((await gateway.stop()).code, 0);
  });
}
