// The steps that make a fresh clone ready. Each looks first, and is quick when nothing is to do.
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

/** A step failed for a reason that its message tells; no stack trace helps. */
export class StepFailed extends Error {}

/** Installs the npm packages of the lock file, where they are not installed yet. */
export function install() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) throw new StepFailed(`Node 20 or newer is needed, this is ${process.version}`);
  if (!packagesInstalled()) {
    console.error("Installing npm packages …");
    let result = capture("npm", ["ci", "--no-fund", "--no-audit"]);
    if (!result.ok && result.output.includes("EUSAGE")) {
      // A lock file made on one platform may lack the packages of another: npm ci insists.
      result = capture("npm", ["install", "--no-save", "--no-fund", "--no-audit"]);
    }
    if (!result.ok) throw new StepFailed(`npm could not install the packages\n${result.output}`);
  }
  // npm may be set up to run no install scripts; these two only link a binary into place.
  linkBinary("bun", "install.js");
  linkBinary("deno", "install.cjs");
}

/** Compares what npm noted in node_modules with the lock file: exact, and not misled by times. */
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

/** Without its install script a runtime's program is a small script that stands in for it. */
function linkBinary(name, script) {
  if (existsSync(tool(name)) && statSync(tool(name)).size > 1_000_000) return;
  const result = capture(nodejs, [script], { cwd: join("node_modules", name) });
  if (!result.ok) throw new StepFailed(`${name} could not be set up\n${result.output}`);
}

/** Compiles the AssemblyScript sources, where they changed since the last time. */
export function compileWasm() {
  once("wasm", ["wasm/assembly", "wasm/build.ts", "wasm/generated"], () => {
    console.error("Compiling WASM …");
    return capture(tool("bun"), ["wasm/build.ts"]);
  });
}

/**
 * Makes JavaScript of the TypeScript sources, where they changed: of everything in dist/js, and of
 * the origin library in dist/lib, which is what the package exports.
 */
export async function build() {
  const sources = ["core", "wasm", "adapters", "runtimes", "examples", "test"];
  once("js", [...sources, "tsconfig.json", "package.json"], () => {
    console.error("Building JavaScript …");
    return capture(tool("tsc"), ["-p", "."]);
  });
  once("lib", ["core", "adapters", "tsconfig.json", libraryConfig], () => {
    // A file that was renamed must not stay in the package.
    rmSync("dist/lib", { recursive: true, force: true });
    return capture(tool("tsc"), ["-p", libraryConfig]);
  });
}

const libraryConfig = ".ci/tsconfig.library.json";

/** Does a step unless its inputs are as they were when it last went well. */
function once(name, inputs, step) {
  const stamp = join("dist", ".stamps", name);
  const hash = hashOf(inputs);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const result = step();
  if (!result.ok) throw new StepFailed(result.output);
  mkdirSync(dirname(stamp), { recursive: true });
  // A step may write among its inputs (wasm/generated): what counts is how they are now.
  writeFileSync(stamp, hashOf(inputs));
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

/** Debian packages that tests use, and how to see that one is there. */
const programs = {
  mosquitto: () => isThere("mosquitto"),
  "mosquitto-clients": () => isThere("mosquitto_pub") && isThere("mosquitto_sub"),
  chromium: () => isThere("chromium"),
  openssl: () => isThere("openssl"),
  "python3-paho-mqtt": () => capture("/usr/bin/python3", ["-c", "import paho.mqtt.client"]).ok,
  "python3-msgpack": () => capture("/usr/bin/python3", ["-c", "import msgpack"]).ok,
};

function isThere(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin"];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** Installs what is missing where that can be done; a test whose program is missing is skipped. */
export function installPrograms() {
  if (process.env.TEST_WITHOUT !== undefined) {
    // Tests are to be run as on a machine that lacks these.
    console.error(`TEST_WITHOUT: taken for missing: ${process.env.TEST_WITHOUT}`);
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
  // The package starts a broker on port 1883; the tests start their own, on free ports.
  if (packages.includes("mosquitto") && existsSync("/run/systemd/system")) {
    capture("systemctl", ["disable", "--now", "mosquitto"]);
  }
  return result;
}
