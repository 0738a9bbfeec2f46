// The steps that prepare a fresh clone. Each step is fast if it has nothing to do.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { capture, nodejs, tool } from "./program.mjs";

/** A step failed. The message says why; a stack trace would not help. */
export class StepFailed extends Error {}

/** Installs the npm packages of the lock file, if they are not installed yet. */
export function install() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20)
    throw new StepFailed(`Node.js 20 or newer is required, but this is ${process.version}`);
  if (!packagesInstalled()) {
    console.error("Installing npm packages …");
    let result = capture("npm", ["ci", "--no-fund", "--no-audit"]);
    if (!result.ok && result.output.includes("EUSAGE")) {
      // `npm ci` fails if the lock file lacks packages of this platform.
      result = capture("npm", ["install", "--no-save", "--no-fund", "--no-audit"]);
    }
    if (!result.ok) throw new StepFailed(`npm could not install the packages:\n${result.output}`);
  }
  // npm may be configured to run no install scripts. These two only link a binary.
  linkBinary("bun", "install.js");
  linkBinary("deno", "install.cjs");
}

/** Compares npm's record in node_modules with the lock file. File times play no role. */
function packagesInstalled() {
  const noted = "node_modules/.package-lock.json";
  if (!existsSync(noted)) return false;
  const wanted = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const present = JSON.parse(readFileSync(noted, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = present[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/** Before its install script ran, the program of a runtime is a small placeholder script. */
function linkBinary(name, script) {
  if (existsSync(tool(name)) && statSync(tool(name)).size > 1_000_000) return;
  const result = capture(nodejs, [script], { cwd: join("node_modules", name) });
  if (!result.ok) throw new StepFailed(`${name} could not be set up\n${result.output}`);
}

/**
 * Compiles the AssemblyScript sources, if they have changed. The stamp is committed beside the
 * module: compiling takes seconds, and a fresh clone has nothing to compile.
 */
export function compileWasm() {
  const step = () => {
    console.error("Compiling WASM …");
    return capture(tool("bun"), ["wasm/build.ts"]);
  };
  once("wasm", wasmInputs, step, wasmStamp);
}

const wasmInputs = ["wasm/assembly", "wasm/build.ts", "wasm/generated/module.ts"];
const wasmStamp = "wasm/generated/module.stamp";

/** Whether the stamp that is committed beside the module is that of its sources. */
export const isWasmStamped = () => hasStamp(wasmStamp, hashOf(wasmInputs));

/** Compiles the TypeScript sources, if they have changed: all to dist/js, and the library. */
export async function build() {
  const sources = ["core", "wasm", "adapters", "runtimes", "examples", "test"];
  once("js", [...sources, "tsconfig.json", "package.json"], () => {
    console.error("Building JavaScript …");
    // Only what changed, and what depends on that, is looked at again.
    const incremental = ["--incremental", "--tsBuildInfoFile", "dist/js/.tsbuildinfo"];
    return capture(tool("tsc"), ["-p", ".", ...incremental]);
  });
  buildLibrary();
}

/** Compiles what the package exports to dist/lib, if it has changed. */
export function buildLibrary() {
  once("lib", ["core", "adapters", "tsconfig.json", libraryConfig], () => {
    // A file that was renamed must not stay in the package.
    rmSync("dist/lib", { recursive: true, force: true });
    return capture(tool("tsc"), ["-p", libraryConfig]);
  });
}

const libraryConfig = ".ci/tsconfig.library.json";

/** Runs a step, unless its inputs are unchanged since its last success. */
export function once(name, inputs, step, stamp = join("dist", ".stamps", name)) {
  if (hasStamp(stamp, hashOf(inputs))) return;
  const result = step();
  if (!result.ok) throw new StepFailed(result.output);
  mkdirSync(dirname(stamp), { recursive: true });
  // The hash is computed again, because a step may change its inputs (wasm/generated/module.ts).
  writeFileSync(stamp, `${hashOf(inputs)}\n`);
}

function hasStamp(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, "utf8").trim() === hash;
}

function hashOf(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    } else {
      hash.update(`${path}\0`).update(readFileSync(path));
    }
  };
  for (const path of paths) visit(path);
  return hash.digest("hex");
}

/** Debian packages that the tests use, and a check whether each is installed. */
const programs = {
  mosquitto: () => isThere("mosquitto"),
  "mosquitto-clients": () => isThere("mosquitto_pub") && isThere("mosquitto_sub"),
  "rabbitmq-server": () => isThere("rabbitmq-server"),
  "nats-server": () => isThere("nats-server"),
  ejabberd: () => isThere("ejabberdctl"),
  chromium: () => isThere("chromium"),
  openssl: () => isThere("openssl"),
  // What reads the files of examples/deploy.
  "docker-compose": () => isThere("docker-compose"),
  kustomize: () => isThere("kustomize"),
  prometheus: () => isThere("promtool"),
  systemd: () => isThere("systemd-analyze"),
  yamllint: () => isThere("yamllint"),
  // Network namespaces, in which guides find their ports free.
  iproute2: () => isThere("ip"),
  "python3-paho-mqtt": () => capture("/usr/bin/python3", ["-c", "import paho.mqtt.client"]).ok,
  "python3-msgpack": () => capture("/usr/bin/python3", ["-c", "import msgpack"]).ok,
};

function isThere(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin"];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** Installs missing programs if possible. Tests whose program is missing are skipped. */
export function installPrograms() {
  if (process.env.TEST_WITHOUT !== undefined) {
    // The tests run as on a machine without these programs.
    console.error(`TEST_WITHOUT: treated as missing: ${process.env.TEST_WITHOUT}`);
    return;
  }
  let missing = missingPrograms();
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.error(`Installing Debian packages: ${missing.join(", ")} …`);
    const result = aptInstall(missing);
    missing = missingPrograms();
    if (missing.length > 0) console.error(result.output.trim().split("\n").slice(-3).join("\n"));
  }
  if (missing.length === 0) return;
  console.error(
    `Missing: ${missing.join(", ")}; tests that need them are skipped. ` +
      `On Debian: apt-get install ${missing.join(" ")}`,
  );
}

function missingPrograms() {
  return Object.keys(programs).filter((name) => !programs[name]());
}

function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const update = capture("apt-get", ["update"], { env });
  if (!update.ok) return update;
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  const result = capture("apt-get", install, { env });
  // These packages start servers on the usual ports. The tests start their own on free ones.
  const servers = ["mosquitto", "rabbitmq-server", "nats-server", "ejabberd", "prometheus"];
  const services = servers.filter((name) => packages.includes(name));
  if (services.length > 0 && existsSync("/run/systemd/system")) {
    capture("systemctl", ["disable", "--now", ...services]);
  }
  return result;
}
