import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import process from "node:process";
import { bunProgram, denoProgram, findProgram } from "../../support/process/spawn.ts";

/** What a program prints, on either stream; empty where it is not there. */
function output(program: string | undefined, ...words: string[]): string {
  if (program === undefined) return "";
  try {
    return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    // `mosquitto -h` ends with a code other than 0.
    return String((error as { stdout?: string }).stdout ?? "");
  }
}

const versionOf = (text: string): string => /\d+\.\d+\.\d+/.exec(text)?.[0] ?? "–";

function packageVersion(name: string): string {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
}

/** Processors, memory and kernel. */
export function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpus()[0]?.model}, ${memory}, Linux ${release().split("-")[0]}`;
}

/** Of the machine before a run. */
export function load(): string {
  return `load ${loadavg()[0]?.toFixed(2)}`;
}

/** The commit, and whether there is more than it in the source. */
export function commit(): string {
  const hash = output("git", "rev-parse", "--short", "HEAD").trim();
  const changed = output("git", "status", "--porcelain", "--", ".", ":!docs", ":!*.md").trim();
  return `commit ${hash || "unknown"}${changed === "" ? "" : " and changes"}`;
}

/** What took part, with versions. */
export function versions(): string {
  const nginx = findProgram("nginx");
  const list = [
    `Node.js ${process.versions.node}`,
    `Bun ${versionOf(output(bunProgram, "--version"))}`,
    `Deno ${versionOf(output(denoProgram, "--version"))}`,
    `mosquitto ${versionOf(output(findProgram("mosquitto"), "-h"))}`,
    `ws ${packageVersion("ws")}`,
    `Socket.IO ${packageVersion("socket.io")}`,
    `nchan ${nchanVersion()}, nginx ${nginx === undefined ? "–" : nginxVersion(nginx)}`,
  ];
  return list.join(", ");
}

/** nginx writes its version to standard error. */
function nginxVersion(nginx: string): string {
  return versionOf(output("sh", "-c", `"${nginx}" -v 2>&1`));
}

function nchanVersion(): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg fills it in
  return versionOf(output("dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"));
}
