import { nodeOf } from "../../core/base/mod.ts";
import type {
  AppView,
  ConnectionDetails,
  ConnectionFilter,
  ConnectionsAnswer,
  ConnectionView,
  DestinationView,
  NodeView,
  TailFilter,
  TailReceiver,
} from "../../core/inspect/mod.ts";
import type { Cancel } from "../../core/ports/mod.ts";
import type { AdminMember } from "./admin-source.ts";

/** A page of connections, and the cursor of the next one. */
export interface ConnectionsPage {
  readonly connections: readonly ConnectionView[];
  readonly next: string | undefined;
}

/** Where a search begins. */
export interface PageStart {
  readonly limit: number;
  /** `MEMBER:SLOT`. */
  readonly after: string;
}

/** Searches one member after the other, until the page is full or a member has no time left. */
export async function findConnections(
  members: readonly AdminMember[],
  filter: ConnectionFilter,
  { limit, after }: PageStart,
): Promise<ConnectionsPage> {
  const connections: ConnectionView[] = [];
  let [index = 0, slot = 0] = after.split(":").map(Number);
  for (; index < members.length; index++) {
    const member = members[index] as AdminMember;
    const question = { what: "connections", filter, after: slot } as const;
    const left = limit - connections.length;
    const found = (await member.ask({ ...question, limit: left })) as ConnectionsAnswer;
    connections.push(...found.connections);
    if (found.next !== undefined) return { connections, next: `${index}:${found.next}` };
    slot = 0;
    const isLast = index + 1 >= members.length;
    if (connections.length >= limit && !isLast) return { connections, next: `${index + 1}:0` };
  }
  return { connections, next: undefined };
}

/** A connection of one of the members; undefined if none of them has it. */
export async function findConnection(
  members: readonly AdminMember[],
  id: string,
): Promise<ConnectionDetails | undefined> {
  const member = members.find(({ node }) => node === nodeOf(id));
  const found = await member?.ask({ what: "connection", id });
  return (found ?? undefined) as ConnectionDetails | undefined;
}

export async function nodeViews(members: readonly AdminMember[]): Promise<NodeView[]> {
  return (await askAll(members, "node")) as NodeView[];
}

export async function destinationViews(
  members: readonly AdminMember[],
): Promise<DestinationView[]> {
  return (await askAll(members, "destinations")).flat() as DestinationView[];
}

export async function appViews(members: readonly AdminMember[]): Promise<AppView[]> {
  return (await askAll(members, "apps")).flat() as AppView[];
}

function askAll(
  members: readonly AdminMember[],
  what: "node" | "destinations" | "apps",
): Promise<unknown[]> {
  return Promise.all(members.map((member) => member.ask({ what })));
}

/** Follows a connection at its node, or a group at all of them. Throws `requests-full`. */
export function openTails(
  members: readonly AdminMember[],
  filter: TailFilter,
  receive: TailReceiver,
): Cancel {
  const cancels: Cancel[] = [];
  const cancel = (): void => {
    for (const one of cancels.splice(0)) one();
  };
  try {
    for (const member of members) {
      if ("connection" in filter && member.node !== nodeOf(filter.connection)) continue;
      cancels.push(member.tail(filter, receive));
    }
  } catch (error) {
    cancel();
    throw error;
  }
  return cancel;
}
