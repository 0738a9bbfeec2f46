import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { duration, toggle } from "../../../../core/config/mod.ts";
import {
  type AdminClient,
  type AdminOptions,
  adminClient,
  adminOptions,
  LiveScreen,
  type Reading,
  ratesOf,
  readAll,
  runAdmin,
  topLines,
} from "../../admin/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say, visible } from "../../command/mod.ts";

interface TopOptions extends AdminOptions {
  readonly interval: number;
  readonly once: boolean;
}

export const top: CliCommand = defineCommand<TopOptions>({
  name: "top",
  summary: "watch what a gateway does: connections, rates, origins, brokers",
  about: "Keys: q ends. Where the output is no terminal, or with --once, it is shown once.",
  options: {
    ...adminOptions,
    interval: {
      ...duration("time between two updates", { min: "100ms", max: "1h", default: "2s" }),
      shown: "TIME",
    },
    once: toggle("show it once: rates are those of one --interval", { default: false }),
  },
  examples: [
    { line: "top", about: "of the gateway on this machine" },
    { line: "top --admin http://10.0.0.5:8081 --once --json", about: "for programs" },
  ],
  run: ({ options }) =>
    runAdmin(async () => {
      const client = adminClient(options);
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      if (options.once || options.json || !isTerminal) return showOnce(client, options);
      return showLive(client, options);
    }),
});

async function showOnce(client: AdminClient, options: TopOptions): Promise<number> {
  const before = await readAll(client);
  await setTimeout(options.interval);
  const reading = await readAll(client);
  const rates = ratesOf(before.overview, reading.overview);
  if (options.json) await say(JSON.stringify({ ...reading, rates }));
  else await say(topLines(reading, rates).join("\n"));
  return ExitCode.clean;
}

async function showLive(client: AdminClient, { interval }: TopOptions): Promise<number> {
  let before = await readAll(client);
  const screen = new LiveScreen();
  screen.open();
  let isOpen = true;
  const ended = screen.ended.then(() => {
    isOpen = false;
  });
  try {
    screen.show(topLines(before, {}));
    while (isOpen) {
      await Promise.race([ended, setTimeout(interval)]);
      if (!isOpen) break;
      before = await look(client, screen, before);
    }
  } finally {
    screen.close();
  }
  return ExitCode.clean;
}

/** A gateway that does not answer may be back soon: that is shown, and asked again. */
async function look(client: AdminClient, screen: LiveScreen, before: Reading): Promise<Reading> {
  try {
    const reading = await readAll(client);
    screen.show(topLines(reading, ratesOf(before.overview, reading.overview)));
    return reading;
  } catch (error) {
    screen.show([visible((error as Error).message), "", ...topLines(before, {})]);
    return before;
  }
}
