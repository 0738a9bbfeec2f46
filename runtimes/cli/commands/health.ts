import { request } from "node:http";
import type { Settings } from "../../../core/config/mod.ts";
import { type Command, complain, defineCommand, ExitCode, say } from "../command/mod.ts";
import { gatewaySettings } from "../settings/mod.ts";

/** A node that answers later than this counts as one that does not answer. */
const answerMsMax = 3_000;

/** What is shown of an answer, in characters. */
const answerCharsMax = 4_096;

/** What an image runs that has no shell and no other program. */
export const health: Command = defineCommand({
  name: "health",
  summary: "ask the node on this machine whether it is healthy",
  about: "Settings are those of the node: --admin-host and --admin-port say where it listens.",
  takesSettings: true,
  examples: [{ line: "health --admin-port 8081", about: "ends with 0 if it is, with 1 if not" }],
  run: async ({ flags, platform }) => {
    const url = `${adminUrl(gatewaySettings(flags, { platform }))}/healthz`;
    let said: string;
    try {
      const answer = await ask(url);
      said = `${answer.status} ${answer.text.trim()}`;
      if (answer.status === 200) {
        await say(said);
        return ExitCode.clean;
      }
    } catch (error) {
      const { message, code = "" } = error as NodeJS.ErrnoException;
      said = `${url} does not answer: ${message || code}`;
    }
    await complain(said);
    return ExitCode.failure;
  },
});

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** GETs the URL. Not by `fetch`, which refuses the ports that browsers refuse. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const asked = request(url, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        if (text.length < answerCharsMax) text += part;
      });
      answer.once("error", failed);
      answer.once("end", () => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode, text });
      });
    });
    const timer = setTimeout(() => {
      reject(new Error("The operation was aborted due to timeout"));
      asked.destroy();
    }, answerMsMax);
    asked.on("error", failed);
    asked.end();
  });
}

/** Where a program on this machine reaches the admin port. */
function adminUrl(settings: Settings): string {
  const { "admin-host": host, "admin-port": port } = settings;
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const address = everywhere[host] ?? host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
