import {
  type AdminOptions,
  adminClient,
  adminOptions,
  detailsOf,
  runAdmin,
} from "../../admin/mod.ts";
import {
  type CliCommand,
  complain,
  defineCommand,
  ExitCode,
  say,
  visible,
} from "../../command/mod.ts";
import { settingInvalid } from "../../settings/mod.ts";
import { appIn, appOption, binaryOption, payloadOf } from "./payload.ts";

interface AdminPublishOptions extends AdminOptions {
  readonly binary: boolean;
  readonly app: string;
}

export const publish: CliCommand = defineCommand<AdminPublishOptions>({
  name: "publish",
  summary: "send a message to every member of a group, on all nodes",
  synopsis: "GROUP TEXT",
  about:
    "With - as TEXT it reads the standard input. It shows how many members got the message. " +
    "Ends with 1 if a node did not answer.",
  wordsMax: 2,
  options: { binary: binaryOption, app: appOption, ...adminOptions },
  examples: [
    { line: "publish weather 'rain at four'", about: "to a group" },
    { line: "publish @user/ada 'hello Ada'", about: "to the connections of a user" },
  ],
  run: ({ options, words: [group, text] }) => {
    if (group === undefined || text === undefined) {
      throw settingInvalid("publish needs a group and a text");
    }
    const body = { group, ...payloadOf(text, options.binary), ...appIn(options.app) };
    return runAdmin(async () => {
      const client = adminClient(options);
      const answer = await client.post<Record<string, unknown>>("/admin/publish", body);
      await say(options.json ? JSON.stringify(answer) : detailsOf(answer).join("\n"));
      const { missing } = answer;
      if (!Array.isArray(missing) || missing.length === 0) return ExitCode.clean;
      // With access rules a node that may not act gets no replies, its own included.
      const advice = "members may have got it; look at those nodes, and at acl --acting";
      await complain(visible(`reply-timeout: no answer of ${missing.join(", ")}: ${advice}`));
      return ExitCode.failure;
    });
  },
});
