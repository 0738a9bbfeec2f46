import { type AdminOptions, adminClient, adminOptions, runAdmin } from "../../admin/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../../command/mod.ts";
import { settingInvalid } from "../../settings/mod.ts";
import { appIn, appOption, binaryOption, payloadOf } from "./payload.ts";

interface AdminSendOptions extends AdminOptions {
  readonly binary: boolean;
  readonly app: string;
}

export const send: CliCommand = defineCommand<AdminSendOptions>({
  name: "send",
  summary: "send a message to one connection",
  synopsis: "ID TEXT",
  about: "With - as TEXT it reads the standard input. Ends with 1 if it was not sent.",
  wordsMax: 2,
  options: { binary: binaryOption, app: appOption, ...adminOptions },
  examples: [
    { line: "send edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc 'are you there?'", about: "a text" },
    { line: "send edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc 00ff --binary", about: "two bytes" },
  ],
  run: ({ options, words: [id, text] }) => {
    if (id === undefined || text === undefined) {
      throw settingInvalid("send needs the id of a connection and a text");
    }
    const body = { ...payloadOf(text, options.binary), ...appIn(options.app) };
    return runAdmin(async () => {
      const path = `/admin/connections/${encodeURIComponent(id)}/send`;
      const answer = await adminClient(options).post<{ readonly outcome: string }>(path, body);
      await say(options.json ? JSON.stringify(answer) : answer.outcome);
      return answer.outcome === "sent" ? ExitCode.clean : ExitCode.failure;
    });
  },
});
