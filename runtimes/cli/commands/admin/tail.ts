import process from "node:process";
import { connectionIdPattern } from "../../../../core/base/mod.ts";
import { integer, toggle } from "../../../../core/config/mod.ts";
import {
  type AdminClient,
  type AdminOptions,
  adminClient,
  adminOptions,
  runAdmin,
  tailText,
} from "../../admin/mod.ts";
import { type CliCommand, complain, defineCommand, ExitCode, say } from "../../command/mod.ts";
import { settingInvalid } from "../../settings/mod.ts";
import { optionOfApp } from "./payload.ts";

interface TailOptions extends AdminOptions {
  readonly group: boolean;
  readonly app: string;
  readonly count: number;
}

export const tail: CliCommand = defineCommand<TailOptions>({
  name: "tail",
  summary: "follow events and commands of one connection or one group as they pass",
  synopsis: "ID|GROUP",
  about:
    "Payloads are cut. At most 50 lines a second are shown, and what is left out is counted. " +
    "Ends with Ctrl-C, or with the connection.",
  wordsMax: 1,
  options: {
    group: toggle("the word is a group's name, even if it looks like an id", { default: false }),
    app: optionOfApp("app of the group; the gateway's first without it"),
    count: {
      ...integer("end after N lines; 0: do not end", { min: 0, max: 1_000_000_000, default: 0 }),
      shown: "N",
    },
    ...adminOptions,
  },
  examples: [
    { line: "tail edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc", about: "a connection" },
    { line: "tail @all --count 20", about: "20 lines of all connections" },
  ],
  run: ({ options, words: [target] }) => {
    if (target === undefined) throw settingInvalid("tail needs the id of a connection or a group");
    const isId = !options.group && connectionIdPattern.test(target);
    const { app } = options;
    const ofGroup = app === "" ? { group: target } : { group: target, app };
    const query = isId ? { connection: target } : ofGroup;
    return runAdmin(() => follow(adminClient(options), query, options));
  },
});

async function follow(
  client: AdminClient,
  query: Readonly<Record<string, string>>,
  { json, count }: TailOptions,
): Promise<number> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
  process.stdout.on("error", end);
  let lines = 0;
  for await (const { event, data } of client.events("/admin/tail", query, ending.signal)) {
    if (json) await say(`{"event":${JSON.stringify(event)},"data":${data}}`);
    else if (event === "line") await say(tailText(JSON.parse(data)));
    else await complain(`${event} ${data}`);
    if (event === "end") return ExitCode.clean;
    if (event !== "line") continue;
    lines += 1;
    if (lines === count) end();
  }
  // The gateway says why it ends a tail.
  return ending.signal.aborted ? ExitCode.clean : ExitCode.failure;
}
