import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import {
  type Codec,
  type CodecOptions,
  MessageKind,
  type OutgoingMessage,
  type Socket,
} from "../../../../core/ports/mod.ts";
import {
  type FannedSocket,
  ManualClock,
  MemoryBroadcast,
  MemoryBroker,
  type MemorySocket,
} from "../../../support/memory/mod.ts";
import {
  grantOfQuery,
  type Item,
  idOf,
  MemoryNode,
  recordEvents,
} from "../../../support/memory-node/memory-node.ts";

export const nodeNames = ["one", "two"] as const;
export const appNames = ["chat", "shop"] as const;
export const groupNames = ["a", "b", "c"] as const;
/** Those that nobody joins, too. */
export const targetNames = ["a", "b", "c", "@all", "@user/u1", "@user/u2"] as const;
export const groupsPerConnectionMax = 2;

type Name<T extends readonly string[]> = T[number];
export type NodeName = Name<typeof nodeNames>;
export type AppName = Name<typeof appNames>;

/** How a publisher's message goes. `raw`: the payload alone, on the group's topic. */
export type Reach = "local" | "node" | "all" | "group" | "raw";

export interface Connect {
  readonly do: "connect";
  readonly node: NodeName;
  readonly app: AppName;
  readonly user: string | undefined;
  readonly groups: readonly string[];
}

export interface Publish {
  readonly do: "publish";
  readonly app: AppName;
  readonly group: string;
  readonly reach: Reach;
  /** Of reach `local` and `node`. */
  readonly node: NodeName;
  readonly except: readonly number[];
  readonly ref: boolean;
}

export interface Member {
  readonly do: "join" | "leave";
  readonly who: number;
  readonly group: string;
  readonly reach: "local" | "all";
}

export interface Close {
  readonly do: "close";
  readonly who: number;
  readonly by: "client" | "origin";
}

/** The broker refuses a group's topic from now on, or does not any more. */
export interface Refusal {
  readonly do: "refuse" | "allow";
  readonly app: AppName;
  readonly group: string;
}

/** What happens next. `who` chooses among the clients that ever were. */
export type GroupStep =
  | Connect
  | Publish
  | Member
  | Close
  | { readonly do: "outage"; readonly up: boolean }
  | Refusal
  | { readonly do: "wait"; readonly ms: number };

const who = fc.nat(30);
const group = fc.constantFrom(...groupNames);
const node = fc.constantFrom(...nodeNames);
const app = fc.constantFrom(...appNames);

export const connectStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constant("connect" as const),
  node,
  app,
  user: fc.constantFrom(undefined, undefined, "u1", "u2"),
  groups: fc.uniqueArray(group, { maxLength: groupsPerConnectionMax }),
});
export const memberStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constantFrom("join" as const, "join" as const, "leave" as const),
  who,
  group,
  reach: fc.constantFrom("local" as const, "all" as const),
});
export const publishStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constant("publish" as const),
  app,
  node,
  group: fc.constantFrom(...targetNames, ...groupNames),
  reach: fc.constantFrom<Reach>("local", "node", "all", "group", "raw"),
  except: fc.oneof(fc.constant([]), fc.array(who, { minLength: 1, maxLength: 3 })),
  ref: fc.boolean(),
});
export const closeStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constant("close" as const),
  who,
  by: fc.constantFrom("client" as const, "origin" as const),
});
export const outageStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constant("outage" as const),
  up: fc.boolean(),
});
export const refusalStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constantFrom("refuse" as const, "allow" as const),
  app,
  group,
});
export const waitStep: fc.Arbitrary<GroupStep> = fc.record({
  do: fc.constant("wait" as const),
  ms: fc.constantFrom(1, 1_000, 4_999, 5_000),
});

/** The same with one node, one app and one group: things meet more often. */
export function narrow(step: GroupStep): GroupStep {
  const at = { node: "one", app: "chat" } as const;
  if (step.do === "connect")
    return { ...step, ...at, groups: step.groups.length > 0 ? ["a"] : [] };
  if (step.do === "refuse" || step.do === "allow") return { ...step, ...at, group: "a" };
  if (step.do === "join" || step.do === "leave") return { ...step, group: "a", reach: "local" };
  return step.do === "publish" ? { ...step, app: "chat", node: "one" } : step;
}

/** Fan-out that trusts nobody: what a socket has queued must have been flushed before. */
class StrictBroadcast extends MemoryBroadcast {
  readonly #sockets: Map<string, Set<FannedSocket>> = new Map();

  override publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    for (const socket of this.#sockets.get(topic) ?? []) {
      if (socket !== except) assert.equal(socket.bufferedAmount, 0, "flushed before a broadcast");
    }
    super.publish(topic, message, except);
  }

  override add(topic: string, socket: FannedSocket): void {
    const sockets = this.#sockets.get(topic) ?? new Set();
    this.#sockets.set(topic, sockets.add(socket));
    super.add(topic, socket);
  }

  override remove(topic: string, socket: FannedSocket): void {
    this.#sockets.get(topic)?.delete(socket);
    super.remove(topic, socket);
  }
}

/** A client that asked to connect; without a socket while it waits, or where it was refused. */
export interface WorldClient {
  readonly node: NodeName;
  readonly app: AppName;
  socket: MemorySocket | undefined;
  refused: boolean;
}

export interface WorldOptions {
  readonly broadcast?: boolean;
  readonly codec?: (options: CodecOptions) => Codec;
}

/** Two nodes that serve two apps, with clients and one publisher of each app. */
export class GroupWorld {
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly clock: ManualClock = new ManualClock();
  readonly nodes: Readonly<Record<NodeName, MemoryNode>>;
  readonly clients: WorldClient[] = [];
  readonly events: ReturnType<typeof recordEvents> = recordEvents(this.broker);
  #published = 0;

  constructor({ broadcast = false, codec }: WorldOptions = {}) {
    const routes = appNames.map((name) => ({ pattern: `/${name}`, app: name }));
    const { broker, clock } = this;
    const make = (name: NodeName): MemoryNode => {
      const fanOut = broadcast ? new StrictBroadcast() : undefined;
      const parts = { broker, clock, authorize: grantOfQuery, broadcast: fanOut };
      return new MemoryNode(codec === undefined ? parts : { ...parts, codec }, {
        node: name,
        routes,
        authorize: "jwt",
        groupsPerConnectionMax,
      });
    };
    this.nodes = { one: make("one"), two: make("two") };
  }

  async start(): Promise<void> {
    await Promise.all(nodeNames.map((name) => this.nodes[name].gateway.start()));
  }

  do(step: GroupStep): void {
    if (step.do === "connect") this.#connect(step);
    else if (step.do === "publish") this.#publish(step);
    else if (step.do === "close") this.#close(step);
    else if (step.do === "outage") this.broker.up = step.up;
    else if (step.do === "wait") this.clock.advance(step.ms);
    else if ("who" in step) this.#member(step);
    else this.#refuse(step);
  }

  client(index: number): WorldClient | undefined {
    return this.clients[index % Math.max(1, this.clients.length)];
  }

  #connect({ node, app, user, groups }: Connect): void {
    const client: WorldClient = { node, app, socket: undefined, refused: false };
    this.clients.push(client);
    const at = this.nodes[node];
    const query = encodeURIComponent(JSON.stringify({ user, groups }));
    void at.handshake(`/${app}?${query}`).then((answer) => {
      if (answer.accepted) client.socket = at.open(answer);
      else client.refused = true;
    });
  }

  #refuse(step: Refusal): void {
    const { refusedGroups } = this.broker;
    const key = `${step.app}/${step.group}`;
    if (step.do === "refuse") refusedGroups.add(key);
    else refusedGroups.delete(key);
  }

  #member(step: Member): void {
    const client = this.client(step.who);
    if (client?.socket === undefined) return;
    const item: Item = [step.do, idOf(client.socket), step.group];
    if (step.reach === "local") this.nodes[client.node].local([item], client.app);
    else this.broker.command(client.app, "o", undefined, encode([item]));
  }

  #close({ who, by }: Close): void {
    const client = this.client(who);
    if (client?.socket === undefined) return;
    if (by === "client") client.socket.clientCloses(1_000, "");
    else this.nodes[client.node].local([["close", idOf(client.socket)]], client.app);
  }

  /** Messages are numbered: `APP REACH GROUP NUMBER`. */
  #publish({ app, group, reach, node, except, ref }: Publish): void {
    const number = this.#published++;
    const data = `${app} ${reach} ${group} ${number}`;
    if (reach === "raw") {
      const payload = new TextEncoder().encode(data);
      this.broker.groupMessage({ app, group, kind: MessageKind.text, payload });
      return;
    }
    const ids = except.flatMap((index) => {
      const socket = this.client(index)?.socket;
      return socket === undefined ? [] : [idOf(socket)];
    });
    const options = { except: ids, ...(ref ? { ref: number } : {}) };
    const item: Item = ["publish", group, data, options];
    const batch = encode([item]);
    if (reach === "local") this.nodes[node].local([item], app);
    else if (reach === "group") this.broker.groupCommand(app, "o", group, batch);
    else this.broker.command(app, "o", reach === "node" ? node : undefined, batch);
  }
}
