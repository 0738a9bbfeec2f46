// Bundles of the gateways on Bun and Deno, for the tests: they start them hundreds of times, and
// one file starts in two thirds of the time that hundreds take, on Bun with bytecode in less than
// half. Users run the source, and so do tests that look at how a gateway starts.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { once } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const folder = "dist/programs";

const programs = [
  // Bun makes bytecode of CommonJS alone, where no program is compiled.
  ["bun", "--target=bun", "--format=cjs", "--bytecode"],
  // What imports ask for their conditions is answered as Deno answers it.
  ["deno", "--target=node", "--conditions=deno"],
];

/** Bundles them, if something changed. */
export function bundleGateways() {
  const inputs = ["core", "wasm", "adapters", "runtimes", "examples", "package-lock.json"];
  once("programs", [...inputs, "package.json", ".ci/programs.mjs"], () => {
    // Without it the tests run the source: what could not be bundled is not tested as it was.
    rmSync(folder, { recursive: true, force: true });
    const results = programs.map(([runtime, ...flags]) => {
      const outdir = join(folder, runtime);
      const words = ["build", `runtimes/${runtime}/main.ts`, ...flags, `--outdir=${outdir}`];
      return capture(tool("bun"), words);
    });
    return results.find(({ ok }) => !ok) ?? results[0];
  });
}
