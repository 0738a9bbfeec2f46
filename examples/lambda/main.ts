// Has one conversation with the function under this gateway: npx bun examples/lambda/main.ts
// With a folder as argument also under serverless-offline, which is installed there.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../programs/free-port.ts";
import { gateway } from "../programs/gateway.ts";
import { Programs } from "../programs/programs.ts";

const programs = new Programs();
const run = promisify(execFile);
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// The AWS SDK signs its requests, also where nobody looks at the signature.
const account = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
};

/** Starts the function and the gateway; resolves to the URL for clients. */
async function startGateway(): Promise<string> {
  const [functionPort, servicePort] = [`${await freePort()}`, `${await freePort()}`];
  await programs.start("function", {
    command: "node",
    // The AWS SDK warns of old versions of Node.js.
    args: ["--no-warnings", path("server.mjs"), functionPort],
    env: { ...account, CONNECTIONS_URL: `http://127.0.0.1:${servicePort}/dev` },
    ready: (line) => (line === "ready" ? line : undefined),
  });
  const origin = ["--origin", `http://127.0.0.1:${functionPort}`, "--origin-format", "aws"];
  return programs.start("gateway", gateway(...origin, "--service-port", servicePort));
}

/** Installs and starts serverless-offline; resolves to the URL for clients. */
async function startOffline(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const name of ["handler.mjs", "serverless.yml"]) cpSync(path(name), join(folder, name));
  if (!existsSync(join(folder, "node_modules", "serverless-offline"))) {
    cpSync(path("package.json"), join(folder, "package.json"));
    console.log(`Installing serverless-offline in ${folder} …`);
    await run("npm", ["install", "--ignore-scripts"], { cwd: folder });
  }
  const port = await freePort();
  const url = `127.0.0.1:${port}`;
  await programs.start("serverless-offline", {
    command: "node",
    args: [join("node_modules", ".bin", "serverless"), "offline", "start"],
    cwd: folder,
    env: {
      ...account,
      CONNECTIONS_URL: `http://${url}`,
      WEBSOCKET_PORT: `${port}`,
      LAMBDA_PORT: `${await freePort()}`,
      HTTP_PORT: `${await freePort()}`,
      SLS_TRACKING_DISABLED: "1",
      SLS_NOTIFICATIONS_MODE: "off",
    },
    ready: (line) => (line.includes("[http for websocket] listening") ? `ws://${url}` : undefined),
    shown: (line) => (/error/i.test(line) ? line : undefined),
  });
  return `ws://${url}`;
}

/** Has the conversation, and resolves to what was said. */
async function converse(url: string): Promise<string> {
  const { stdout } = await run(process.execPath, [path("conversation.ts"), url]);
  console.log(stdout.trim());
  return stdout;
}

async function main(folder: string | undefined): Promise<number> {
  const underGateway = await converse(await startGateway());
  if (folder === undefined) return 0;
  const underOffline = await converse(await startOffline(folder));
  const same = underGateway === underOffline;
  console.log(same ? "Both conversations are the same." : "The conversations are different.");
  return same ? 0 : 1;
}

const stop = async (exitCode: number): Promise<never> => {
  await programs.stop();
  process.exit(exitCode);
};
process.once("SIGTERM", () => stop(1));
process.once("SIGINT", () => stop(1));
try {
  await stop(await main(process.argv[2]));
} catch (error) {
  console.error(String(error));
  await stop(1);
}
