import { limits } from "../../../../core/base/mod.ts";
import {
  type AppName,
  type Close,
  type Connect,
  type GroupStep,
  groupsPerConnectionMax,
  type Member,
  type NodeName,
  type Publish,
} from "./group-world.ts";

export interface ModelClient {
  readonly node: NodeName;
  readonly app: AppName;
  readonly user: string | undefined;
  state: "waiting" | "open" | "refused" | "closed";
  /** While it waits: until when, and for which groups. */
  readonly until: number;
  readonly wants: readonly string[];
  /** What it must have received by now, in order. */
  readonly received: string[];
}

interface ModelGroup {
  readonly members: Set<ModelClient>;
  /** Handshakes that wait for it to be granted, or for another of theirs. */
  readonly holds: Set<ModelClient>;
  granted: boolean;
}

/** Whom each message must reach, by the protocol alone; everything has come to rest in between. */
export class GroupModel {
  readonly clients: ModelClient[] = [];
  /** How many must have got the message of each number that asked for an answer. */
  readonly counts: Map<number, number> = new Map();
  readonly #groups: Map<string, ModelGroup> = new Map();
  readonly #refused: Set<string> = new Set();
  #up = true;
  #now = 0;
  #published = 0;

  do(step: GroupStep): void {
    if (step.do === "connect") this.#connect(step);
    else if (step.do === "publish") this.#publish(step);
    else if (step.do === "outage") this.#outage(step.up);
    else if (step.do === "wait") this.#wait(step.ms);
    else if ("who" in step) this.#open(step);
    else if (step.do === "refuse") this.#refused.add(`${step.app}/${step.group}`);
    else this.#refused.delete(`${step.app}/${step.group}`);
  }

  /** Groups that a node must have subscribed, as `APP/GROUP`. */
  groupsAt(node: NodeName): string[] {
    const keys = [...this.#groups.keys()].filter((key) => key.startsWith(`${node}/`));
    return keys.map((key) => key.slice(node.length + 1));
  }

  /** Connections and waiting handshakes of a node. */
  taken(node: NodeName): number {
    const here = this.clients.filter((client) => client.node === node);
    return here.filter(({ state }) => state === "open" || state === "waiting").length;
  }

  #open(step: Member | Close): void {
    const client = this.clients[step.who % Math.max(1, this.clients.length)];
    if (client?.state !== "open") return;
    if (step.do === "close") {
      client.state = "closed";
      for (const [key, group] of this.#groups) {
        group.members.delete(client);
        this.#closeIfEmpty(key);
      }
    } else if (step.reach === "local" || this.#up) {
      if (step.do === "join") this.#join(client, step.group);
      else this.#leave(client, step.group);
    }
  }

  #key({ node, app }: ModelClient, name: string): string {
    return `${node}/${app}/${name}`;
  }

  #connect({ node, app, user, groups }: Connect): void {
    const wants = user === undefined ? groups : [`@user/${user}`, ...groups];
    const until = this.#now + limits.groupWaitMs;
    const birth = { node, app, user, until, wants, received: [] };
    const client: ModelClient = { ...birth, state: "waiting" };
    this.clients.push(client);
    for (const name of wants) this.#group(this.#key(client, name)).holds.add(client);
    this.#settle();
  }

  #group(key: string): ModelGroup {
    const group = this.#groups.get(key) ?? {
      members: new Set<ModelClient>(),
      holds: new Set<ModelClient>(),
      granted: false,
    };
    this.#groups.set(key, group);
    return group;
  }

  #closeIfEmpty(key: string): void {
    const group = this.#groups.get(key);
    if (group?.members.size === 0 && group.holds.size === 0) this.#groups.delete(key);
  }

  #join(client: ModelClient, name: string): void {
    const key = this.#key(client, name);
    const member = this.#groups.get(key)?.members.has(client) === true;
    const own = [...this.#groups].filter(
      ([key, { members }]) => members.has(client) && !key.includes("@user/"),
    );
    if (!member && own.length >= groupsPerConnectionMax) return;
    this.#group(key).members.add(client);
    this.#settle();
  }

  #leave(client: ModelClient, name: string): void {
    const key = this.#key(client, name);
    this.#groups.get(key)?.members.delete(client);
    this.#closeIfEmpty(key);
  }

  /** What the broker can say by now it has said. */
  #settle(): void {
    const granted = this.#up ? [...this.#groups] : [];
    for (const [key, group] of granted) {
      if (group.granted) continue;
      group.granted = !this.#refused.has(key.slice(key.indexOf("/") + 1));
      if (group.granted) continue;
      this.#groups.delete(key);
      for (const client of group.holds) client.state = "refused";
    }
    for (const client of this.clients) this.#admit(client);
  }

  #admit(client: ModelClient): void {
    const ready = (name: string): boolean =>
      this.#groups.get(this.#key(client, name))?.granted === true;
    if (client.state === "waiting" && client.wants.every(ready)) {
      client.state = "open";
      for (const name of client.wants) this.#group(this.#key(client, name)).members.add(client);
    }
    if (client.state === "waiting") return;
    for (const name of client.wants) {
      this.#groups.get(this.#key(client, name))?.holds.delete(client);
      this.#closeIfEmpty(this.#key(client, name));
    }
  }

  #outage(up: boolean): void {
    this.#up = up;
    this.#settle();
  }

  #wait(ms: number): void {
    this.#now += ms;
    for (const client of this.clients) {
      if (client.state === "waiting" && client.until <= this.#now) client.state = "refused";
    }
    this.#settle();
  }

  #publish({ app, group, reach, node, except, ref }: Publish): void {
    const number = this.#published++;
    const out = new Set(
      reach === "raw" ? [] : except.map((index) => this.clients[index % this.clients.length]),
    );
    let count = 0;
    for (const client of this.clients) {
      if (client.app !== app || client.state !== "open" || out.has(client)) continue;
      const isReached = this.#up || (reach === "local" && client.node === node);
      if (!isReached || !this.#isMember(client, group)) continue;
      client.received.push(`${app} ${reach} ${group} ${number}`);
      count++;
    }
    const isReached = reach === "local" || this.#up;
    if (ref && reach !== "raw" && isReached) this.counts.set(number, count);
  }

  #isMember(client: ModelClient, group: string): boolean {
    if (group === "@all") return true;
    return this.#groups.get(this.#key(client, group))?.members.has(client) === true;
  }
}
