// Two zones on this machine: npm run two-zones. Arguments: the ports of the two brokers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { freePort } from "../programs/free-port.ts";
import { Programs } from "../programs/programs.ts";
import { startZone } from "./zone.ts";

const [portA = "1883", portB = "1884"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "two-zones-"));
const programs = new Programs();

/** A copy of the file beside this one, with the ports of this run. */
function brokerConfig(name: string): string {
  const text = readFileSync(new URL(`zone-${name}.conf`, import.meta.url), "utf8");
  const file = join(folder, `zone-${name}.conf`);
  // In one pass: a port of this run may contain the digits of the other one.
  writeFileSync(
    file,
    text
      .split("1883")
      .map((part) => part.replaceAll("1884", portB))
      .join(portA),
  );
  return file;
}

async function stop(exitCode: number): Promise<never> {
  await programs.stop((name) => name.startsWith("broker-"));
  rmSync(folder, { recursive: true, force: true });
  process.exit(exitCode);
}

process.once("SIGTERM", () => stop(0));
process.once("SIGINT", () => stop(0));

const clientUrls: string[] = [];
try {
  // The broker of zone a connects to that of zone b.
  for (const [name, brokerPort] of Object.entries({ b: Number(portB), a: Number(portA) })) {
    const ports = { brokerPort, queuePort: await freePort() };
    const zone = { name, brokerConfig: brokerConfig(name), ...ports };
    clientUrls.unshift(await startZone(programs, zone));
  }
} catch (error) {
  console.error(String(error));
  await stop(1);
}

console.log("Both zones are up. Connect a client to each, in two more terminals:");
for (const url of clientUrls) console.log(`  npx bun examples/two-zones/client.ts ${url}`);
console.log("Then type `kill broker-b` here, and later `start broker-b`. Ctrl+C ends all.");
createInterface({ input: process.stdin }).on("line", async (line) => {
  const [verb, name = ""] = line.trim().split(" ");
  if (programs.names.includes(name) && verb === "kill") await programs.kill(name);
  else if (programs.names.includes(name) && verb === "start") {
    await programs.startAgain(name).catch((error: Error) => console.error(error.message));
  } else console.log(`Type kill or start, and one of ${programs.names.join(", ")}.`);
});
