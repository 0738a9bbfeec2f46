import {
  type AdminOptions,
  adminClient,
  adminOptions,
  type Destination,
  originsTable,
  runAdmin,
} from "../../admin/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../../command/mod.ts";

export const origins: CliCommand = defineCommand<AdminOptions>({
  name: "origins",
  summary: "list where events go: origins with window fill and lag",
  options: adminOptions,
  examples: [
    { line: "origins", about: "of the gateway on this machine" },
    { line: "origins --json", about: "for programs" },
  ],
  run: ({ options }) =>
    runAdmin(async () => {
      const client = adminClient(options);
      const answer = await client.get<{ readonly origins: Destination[] }>("/admin/origins");
      if (options.json) await say(JSON.stringify(answer.origins));
      else await say(originsTable(answer.origins).join("\n"));
      return ExitCode.clean;
    }),
});
