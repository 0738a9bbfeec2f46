// Bundles of the gateways on Bun and Deno, and of an origin, for the tests: they start them
// hundreds of times, and one file starts in two thirds of the time that hundreds take. Users run
// the source, and so do tests that look at how a gateway starts. With Bun's bytecode a start took
// less than half of the time, but one of some 2,000 hung before it had done anything.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { once } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const folder = "dist/programs";

const programs = [
  ["bun", "runtimes/bun/main.ts", "--target=bun", "--minify-syntax"],
  // What imports ask for their conditions is answered as Deno answers it.
  ["deno", "runtimes/deno/main.ts", "--target=node", "--minify-syntax", "--conditions=deno"],
  ["origin", "test/faults/cluster/origin-process.ts", "--target=bun"],
];

/** Bundles them, if something changed. */
export function bundlePrograms() {
  const sources = ["core", "wasm", "adapters", "runtimes", "examples"];
  const others = [
    "test/faults/cluster",
    "test/support/process",
    "package-lock.json",
    "package.json",
    ".ci/programs.mjs",
  ];
  once("programs", [...sources, ...others], () => {
    // Without it the tests run the source: what could not be bundled is not tested as it was.
    rmSync(folder, { recursive: true, force: true });
    const results = programs.map(([name, source, ...flags]) => {
      const names = [`--outdir=${join(folder, name)}`, "--entry-naming=main.js"];
      return capture(tool("bun"), ["build", source, ...flags, ...names]);
    });
    return results.find(({ ok }) => !ok) ?? results[0];
  });
}
