// Compiles wasm/assembly into wasm/generated/module.ts, from the root of the checkout:
// `npx bun wasm/build.ts`. With --verify nothing is written: it exits 1 if the committed module
// is not, byte for byte, what the sources give.
import { readFileSync, writeFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { main } from "assemblyscript/asc";

const entry = "wasm/assembly/index.ts";
const output = "wasm/generated/module.ts";
const lineChars = 88;

/** Speed first; no asserts, no abort, no runtime that collects: nothing to import. */
const options = ["--runtime", "stub", "-O3", "--converge", "--noAssert", "--enable", "simd"];

async function compile(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const result = await main([entry, "--outFile", "codec.wasm", "--use", "abort=", ...options], {
    writeFile: (_name: string, contents: string | Uint8Array): void => {
      if (typeof contents !== "string") binary = contents;
    },
  });
  if (result.error !== null || binary === undefined) {
    throw new Error(`${result.stderr.toString()}${result.error?.message ?? "no output"}`);
  }
  return binary;
}

function moduleSource(binary: Uint8Array): string {
  const base64 = Buffer.from(binary).toString("base64");
  const lines: string[] = [];
  for (let i = 0; i < base64.length; i += lineChars) {
    lines.push(`  "${base64.slice(i, i + lineChars)}"`);
  }
  return [
    "// Made by wasm/build.ts from wasm/assembly. Not to be edited: build, and commit the result.",
    `/** The WASM module, ${binary.length} bytes. */`,
    `export const moduleBase64: string =\n${lines.join(" +\n")};`,
    "",
  ].join("\n");
}

const source = moduleSource(await compile());
if (argv.includes("--verify")) {
  const same = readFileSync(output, "utf8") === source;
  console.log(same ? `${output} is what its sources give` : `${output} is stale: build it anew`);
  if (!same) exit(1);
} else {
  writeFileSync(output, source);
  console.log(`${output}: ${source.length} bytes`);
}
