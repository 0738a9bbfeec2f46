import { ServiceError } from "../../../../core/base/mod.ts";
import { type AdminOptions, adminClient, adminOptions, runAdmin } from "../../admin/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../../command/mod.ts";

/** What the gateway says of a reload that it did. */
interface Reloaded {
  readonly changed: readonly string[];
  /** Settings that changed and need a restart. */
  readonly restart: readonly string[];
}

export const reload: CliCommand = defineCommand<AdminOptions>({
  name: "reload",
  summary: "let a gateway read its settings, certificates and keys again",
  about: "Says what has changed. If a setting is wrong, the old ones stay, and it ends with 2.",
  options: adminOptions,
  examples: [{ line: "reload", about: "the same as SIGHUP, with an answer" }],
  run: ({ options }) =>
    runAdmin(async () => {
      const answer = await adminClient(options).post<Reloaded>("/admin/reload", {});
      await say(options.json ? JSON.stringify(answer) : textOf(answer));
      return ExitCode.clean;
    }),
});

function textOf({ changed, restart }: Reloaded): string {
  if (!Array.isArray(changed) || !Array.isArray(restart)) {
    throw new ServiceError("http-answer-malformed", "this is not the admin port of a gateway");
  }
  const lines = changed.length === 0 ? ["nothing has changed"] : [...changed];
  if (restart.length > 0) lines.push(`after a restart: ${restart.join(", ")}`);
  return lines.join("\n");
}
