import { type CliCommand, defineCommand, ExitCode, say } from "../command/mod.ts";
import { completionScript, shells } from "../help/mod.ts";
import { settingInvalid } from "../settings/mod.ts";

export const completion: CliCommand = defineCommand({
  name: "completion",
  summary: "print a script that completes commands and flags in a shell",
  synopsis: shells.join("|"),
  wordsMax: 1,
  firstWords: shells,
  examples: [
    { line: "completion bash", about: "bash: source <(websocket-service completion bash)" },
    { line: "completion zsh", about: "zsh: source <(websocket-service completion zsh)" },
    { line: "completion fish", about: "fish: websocket-service completion fish | source" },
  ],
  run: async ({ words, commands }) => {
    const [shell = ""] = words;
    if (!shells.includes(shell))
      throw settingInvalid(`completion needs one of ${shells.join(", ")}`);
    await say(completionScript(shell, commands));
    return ExitCode.clean;
  },
});
