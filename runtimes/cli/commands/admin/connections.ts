import { integer, matching } from "../../../../core/config/mod.ts";
import {
  type AdminClient,
  type AdminOptions,
  adminClient,
  adminClientLimits,
  adminOptions,
  type ConnectionRow,
  type ConnectionsPage,
  connectionsTable,
  detailsOf,
  runAdmin,
} from "../../admin/mod.ts";
import {
  type CliCommand,
  complain,
  defineCommand,
  ExitCode,
  type Option,
  say,
} from "../../command/mod.ts";

interface ConnectionsOptions extends AdminOptions {
  readonly id: string;
  readonly user: string;
  readonly address: string;
  readonly group: string;
  readonly app: string;
  readonly limit: number;
}

function part(about: string): Option<string> {
  const option = matching(about, { allowed: "up to 256 characters", pattern: /^.{0,256}$/s });
  return { ...option, shown: "TEXT" };
}

export const connections: CliCommand = defineCommand<ConnectionsOptions>({
  name: "connections",
  summary: "list connections, search among them, show one",
  synopsis: "[ID]",
  about: "A connection is listed if it has all of what is given. Each node lists its own.",
  wordsMax: 1,
  options: {
    id: part("part of its id"),
    user: part("part of its user's name"),
    address: part("beginning of its address"),
    group: part("name of a group that it is in; @user/NAME and @all, too"),
    app: part("name of its app"),
    limit: {
      ...integer("list at most N", { min: 1, max: 10_000_000, default: 100 }),
      shown: "N",
    },
    ...adminOptions,
  },
  examples: [
    { line: "connections --user ada --limit 10", about: "of a user" },
    { line: "connections edge-1.AAAAq7Zf3kR0vYwT2mLpXs9eJc", about: "one, with its details" },
  ],
  run: ({ options, words: [id] }) =>
    runAdmin(async () => {
      const client = adminClient(options);
      if (id !== undefined) {
        const path = `/admin/connections/${encodeURIComponent(id)}`;
        const found = await client.get<Record<string, unknown>>(path);
        await say(options.json ? JSON.stringify(found) : detailsOf(found).join("\n"));
        return ExitCode.clean;
      }
      const { rows, isAll } = await search(client, options);
      if (options.json) await say(JSON.stringify(rows));
      else await say(connectionsTable(rows, Date.now()).join("\n"));
      if (!isAll) await complain("there may be more: see --limit");
      return ExitCode.clean;
    }),
});

/** Asks for one page after the other. */
async function search(
  client: AdminClient,
  { id, user, address, group, app, limit }: ConnectionsOptions,
): Promise<{ readonly rows: readonly ConnectionRow[]; readonly isAll: boolean }> {
  const rows: ConnectionRow[] = [];
  let after = "";
  do {
    const most = String(Math.min(adminClientLimits.pageMax, limit - rows.length));
    const query = { id, user, address, group, app, limit: most, after };
    const page = await client.get<ConnectionsPage>("/admin/connections", query);
    for (const row of page.connections) rows.push(row);
    after = page.next ?? "";
  } while (after !== "" && rows.length < limit);
  return { rows, isAll: after === "" };
}
