// The tasks behind the npm scripts: plain JavaScript for Node.js 20 without dependencies, because
// they run in a fresh clone, before anything is installed or built.
import { existsSync } from "node:fs";
import { embedConsole } from "./console.mjs";
import { furtherNodejs } from "./nodejs.mjs";
import { packageServer } from "./package.mjs";
import {
  build,
  buildLibrary,
  compileWasm,
  install,
  installPrograms,
  StepFailed,
} from "./prepare.mjs";
import { nodejs, root, run, tool } from "./program.mjs";
import { bundlePrograms } from "./programs.mjs";
import { compileExecutable, release } from "./release.mjs";

const bunMain = "runtimes/bun/main.ts";
const denoFlags = ["run", "--quiet", "--no-check", "--allow-all"];

/** The steps that prepare each task (fast if nothing changed), and what it runs. */
const tasks = {
  start: {
    ready: [install, compileWasm, embedConsole],
    run: (args) => run(tool("bun"), [bunMain, "dev", ...args]),
  },
  serve: {
    ready: [install, compileWasm, embedConsole],
    run: (args) => run(tool("bun"), [bunMain, "serve", ...args]),
  },
  "serve:deno": {
    ready: [install, compileWasm, embedConsole],
    run: (args) => run(tool("deno"), [...denoFlags, "runtimes/deno/main.ts", "serve", ...args]),
  },
  "serve:node": {
    ready: [install, compileWasm, embedConsole, packageServer],
    run: (args) => run(nodejs, ["dist/websocket-service.js", "serve", ...args]),
  },
  "two-zones": {
    ready: [install, compileWasm, embedConsole],
    run: (args) => run(tool("bun"), ["examples/two-zones/main.ts", ...args]),
  },
  test: {
    ready: [install, installPrograms],
    run: (args) => runTests(args),
  },
  check: {
    ready: [install, installPrograms],
    run: (args) => runTests(["--checks", ...args]),
  },
  bench: {
    ready: [install, installPrograms, compileWasm, embedConsole, build, packageServer],
    run: (args) => run(nodejs, ["dist/js/test/bench/main.js", ...args]),
  },
  soak: {
    ready: [install, installPrograms, compileWasm, embedConsole, build, packageServer],
    run: (args) => run(nodejs, ["dist/js/test/faults/soak-main.js", ...args]),
  },
  mutants: {
    ready: [install, installPrograms, compileWasm, embedConsole, build, packageServer],
    run: (args) => run(nodejs, ["dist/js/test/mutants/main.js", ...args]),
  },
  weights: {
    ready: [install, build],
    run: (args) => run(nodejs, ["dist/js/test/weights.js", ...args]),
  },
  compile: {
    ready: [install, compileWasm, embedConsole],
    run: () => {
      compileExecutable();
      return 0;
    },
  },
  // `npm pack` and `npm publish` run this.
  package: {
    ready: [install, compileWasm, embedConsole, buildLibrary, packageServer],
    run: () => 0,
  },
  release: {
    ready: [install, compileWasm, embedConsole, buildLibrary, packageServer],
    run: (args) => release(args),
  },
  format: {
    ready: [install],
    run: (args) => run(tool("biome"), ["check", "--write", ...args]),
  },
  build: {
    ready: [install, compileWasm, embedConsole, build, packageServer, bundlePrograms],
    run: () => 0,
  },
};

/** WASM is not compiled first, because the tests verify the committed module. */
async function runTests(args) {
  let flags = [];
  const started = performance.now();
  try {
    await build();
    packageServer();
    bundlePrograms();
  } catch (error) {
    if (!(error instanceof StepFailed) || !existsSync("dist/js/test/run.js")) throw error;
    // The emitted code is tested all the same, so that one run shows all failures.
    console.error(error.message);
    flags = ["--build-failed"];
  }
  flags.push("--build-seconds", `${(performance.now() - started) / 1000}`);
  return run(nodejs, ["dist/js/test/run.js", ...flags, ...furtherNodejs(), ...args]);
}

async function main([name, ...args]) {
  process.chdir(root);
  const task = tasks[name];
  if (task === undefined) {
    console.error(`Unknown task "${name}". Tasks: ${Object.keys(tasks).join(", ")}`);
    return 2;
  }
  try {
    for (const step of task.ready) await step();
    return await task.run(args);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    // The last line must not look as if the tests had passed.
    if (name === "test" || name === "check") console.log("0 passed, 1 failed");
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
