import { HttpError } from "../../../adapters/http-client/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import {
  askOnce,
  type CliCommand,
  complain,
  defineCommand,
  ExitCode,
  say,
  visible,
} from "../command/mod.ts";
import { gatewaySettings } from "../settings/mod.ts";

/** A node that answers later than this counts as one that does not answer. */
const answerMs = 3_000;

/** Of the answer: a sentence. */
const answerBytesMax = 65_536;

/** What an image runs that has no shell and no other program. */
export const health: CliCommand = defineCommand({
  name: "health",
  summary: "ask the node on this machine whether it is healthy",
  about: "Settings are those of the node: --admin-host and --admin-port say where it listens.",
  takesSettings: true,
  examples: [{ line: "health --admin-port 8081", about: "ends with 0 if it is, with 1 if not" }],
  run: async ({ flags, platform }) => {
    const url = `${adminUrl(gatewaySettings(flags, { platform }))}/healthz`;
    let said: string;
    try {
      const options = { connectMs: answerMs, timeoutMs: answerMs, answerBytesMax };
      const { status, body } = await askOnce(url, {}, options);
      said = visible(`${status} ${Buffer.from(body).toString().trim()}`);
      if (status === 200) {
        await say(said);
        return ExitCode.clean;
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      said = `${error.code}: ${error.message}`;
    }
    await complain(said);
    return ExitCode.failure;
  },
});

/** Where a program on this machine reaches the admin port. */
function adminUrl(settings: Settings): string {
  const { "admin-host": host, "admin-port": port } = settings;
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const address = everywhere[host] ?? host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
