import * as v from "valibot";
import { integer, matching } from "../../../../core/config/mod.ts";
import { closeReasonBytesMax, closeReasonFits } from "../../../../core/websocket/mod.ts";
import { type AdminOptions, adminClient, adminOptions, runAdmin } from "../../admin/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../../command/mod.ts";
import { settingInvalid } from "../../settings/mod.ts";
import { appIn, appOption } from "./payload.ts";

interface AdminCloseOptions extends AdminOptions {
  readonly code: number;
  readonly reason: string;
  readonly app: string;
}

export const close: CliCommand = defineCommand<AdminCloseOptions>({
  name: "close",
  summary: "close one connection",
  synopsis: "ID",
  about: "Ends with 1 if it was not closed.",
  wordsMax: 1,
  options: {
    code: {
      ...integer("close code that the client gets", { min: 1000, max: 4999, default: 1000 }),
      shown: "CODE",
    },
    reason: {
      ...matching("reason that the client gets", {
        allowed: `up to ${closeReasonBytesMax} bytes of UTF-8`,
        pattern: /^/,
      }),
      schema: v.pipe(v.string(), v.check(closeReasonFits)),
      shown: "TEXT",
    },
    app: appOption,
    ...adminOptions,
  },
  examples: [
    { line: "close edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc", about: "with code 1000" },
    {
      line: "close edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc --code 4001 --reason 'signed out'",
      about: "with a code of the application",
    },
  ],
  run: ({ options, words: [id] }) => {
    if (id === undefined) throw settingInvalid("close needs the id of a connection");
    const { code, reason, app } = options;
    return runAdmin(async () => {
      const path = `/admin/connections/${encodeURIComponent(id)}/close`;
      const body = { code, reason, ...appIn(app) };
      const answer = await adminClient(options).post<{ readonly outcome: string }>(path, body);
      await say(options.json ? JSON.stringify(answer) : answer.outcome);
      return answer.outcome === "closed" ? ExitCode.clean : ExitCode.failure;
    });
  },
});
