import { nodeOf, ServiceError } from "../../core/base/mod.ts";
import type {
  AppView,
  ConnectionDetails,
  ConnectionFilter,
  ConnectionsAnswer,
  ConnectionView,
  DestinationView,
  NodeView,
  Question,
  TailFilter,
  TailReceiver,
} from "../../core/inspect/mod.ts";
import type { Cancel } from "../../core/ports/mod.ts";
import type { AdminMember } from "./admin-source.ts";

/** A page of connections, and the cursor of the next one. */
export interface ConnectionsPage {
  readonly connections: readonly ConnectionView[];
  readonly next: string | undefined;
  /** Workers that did not answer; undefined if there are none. */
  readonly missing: readonly string[] | undefined;
}

/** Where a search begins. */
export interface PageStart {
  readonly limit: number;
  /** `MEMBER:SLOT`. */
  readonly after: string;
}

/**
 * Searches one member after the other, until the page is full or a member has no time left. One
 * that does not answer is passed over, and named. Rejects with `requests-full`.
 */
export async function findConnections(
  members: readonly AdminMember[],
  filter: ConnectionFilter,
  { limit, after }: PageStart,
): Promise<ConnectionsPage> {
  const connections: ConnectionView[] = [];
  const silent: string[] = [];
  const page = (next?: string): ConnectionsPage => {
    return { connections, next, missing: silent.length === 0 ? undefined : silent };
  };
  let [index = 0, slot = 0] = after.split(":").map(Number);
  for (; index < members.length; index++) {
    const member = members[index] as AdminMember;
    const question = { what: "connections", filter, after: slot } as const;
    const left = limit - connections.length;
    const found = (await answerOf(member, { ...question, limit: left })) as Answered;
    if (found === undefined) silent.push(member.node);
    connections.push(...(found?.connections ?? []));
    if (found?.next !== undefined) return page(`${index}:${found.next}`);
    slot = 0;
    const isLast = index + 1 >= members.length;
    if (connections.length >= limit && !isLast) return page(`${index + 1}:0`);
  }
  return page();
}

type Answered = ConnectionsAnswer | undefined;

/** Why a worker has no answer: it hangs, or has just ended. Others go on without it. */
const silences: ReadonlySet<unknown> = new Set(["reply-timeout", "worker-died"]);

/** Undefined if the member does not answer. Rejects with what it answers with otherwise. */
async function answerOf(member: AdminMember, question: Question): Promise<unknown> {
  try {
    return await member.ask(question);
  } catch (error) {
    if (error instanceof ServiceError && silences.has(error.code)) return undefined;
    throw error;
  }
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

/** One view for each member. One that does not answer is not ready, for this reason. */
export async function nodeViews(members: readonly AdminMember[]): Promise<NodeView[]> {
  const views = await Promise.all(members.map((member) => answerOf(member, { what: "node" })));
  return views.map((view, index) => (view ?? silentView(members[index]?.node ?? "")) as NodeView);
}

function silentView(node: string): NodeView {
  const nothing = { connections: 0, handshakesWaiting: 0, apps: [], incarnation: "" };
  return { node, ready: false, reasons: ["does not answer"], ...nothing };
}

export async function destinationViews(
  members: readonly AdminMember[],
): Promise<DestinationView[]> {
  return (await askAll(members, "destinations")).flat() as DestinationView[];
}

export async function appViews(members: readonly AdminMember[]): Promise<AppView[]> {
  return (await askAll(members, "apps")).flat() as AppView[];
}

/** The answers of those that answer. */
async function askAll(
  members: readonly AdminMember[],
  what: "destinations" | "apps",
): Promise<unknown[]> {
  const answers = await Promise.all(members.map((member) => answerOf(member, { what })));
  return answers.filter((answer) => answer !== undefined);
}

/** Who gets what passes, and is told of a member whose process has ended. */
export interface TailListener {
  readonly received: TailReceiver;
  readonly interrupted: (node: string) => void;
}

/** Follows a connection at its node, or a group at all of them. Throws `requests-full`. */
export function openTails(
  members: readonly AdminMember[],
  filter: TailFilter,
  { received, interrupted }: TailListener,
): Cancel {
  const cancels: Cancel[] = [];
  const cancel = (): void => {
    for (const one of cancels.splice(0)) one();
  };
  try {
    for (const member of members) {
      if ("connection" in filter && member.node !== nodeOf(filter.connection)) continue;
      cancels.push(member.tail(filter, received, () => interrupted(member.node)));
    }
  } catch (error) {
    cancel();
    throw error;
  }
  return cancel;
}
