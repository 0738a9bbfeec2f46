import { waitFor } from "../../support/process/wait.ts";
import type { Dice } from "../../vectors/dice.ts";
import { type Cluster, type NodePlace, talkersPerNode, waitMs } from "../cluster/cluster.ts";
import type { JudgedClient } from "../evidence/judged.ts";
import { Talker } from "./talker.ts";

/** How much is said: some 1,000 messages a second in all. */
const tickMs = 10;
const speakPercent = 7;
const burstMax = 4;
const paddingMax = 160;
/** One short-lived client a node after the other, of so many messages at most. */
const shortLivedMessagesMax = 20;
/** How long such a client waits for its last echoes. An origin that was killed owes none. */
const lastEchoMs = 500;

/** Clients that talk while something breaks: some for the whole time, some come and go. */
export class Crowd {
  readonly talkers: Talker[] = [];
  /** What clients in other processes have said of themselves. */
  readonly others: JudgedClient[] = [];
  readonly #cluster: Cluster;
  readonly #dice: Dice;
  readonly #label: string;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #comers: Promise<void>[] = [];
  #opened = 0;

  constructor(cluster: Cluster, dice: Dice, label: string) {
    this.#cluster = cluster;
    this.#dice = dice;
    this.#label = label;
  }

  get sent(): number {
    return this.talkers.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Opens the clients and begins to talk. */
  async start(): Promise<void> {
    for (const node of this.#cluster.nodes) {
      await this.refill(node);
    }
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#comers = this.#cluster.nodes.map((node) => this.#comeAndGo(node));
  }

  /** Resolves when so many messages more have been said. */
  async saidMore(messages: number): Promise<void> {
    const until = this.sent + messages;
    await waitFor(() => this.sent >= until, { what: `${messages} messages`, deadline: waitMs });
  }

  /** Opens as many clients at a node as it had at the start: those it had are gone. */
  async refill(node: NodePlace): Promise<void> {
    const there = this.talkers.filter((talker) => talker.open && talker.node === node.name);
    const missing = Math.max(0, talkersPerNode - there.length);
    await Promise.all(Array.from({ length: missing }, () => this.#open(node)));
  }

  /** Opens one more, maybe by way of a proxy, and lets it talk. */
  join(way: Pick<NodePlace, "name" | "port">): Promise<Talker> {
    return this.#open(way);
  }

  /** No more is said, and nobody comes or goes. */
  async hush(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#comers);
    clearInterval(this.#timer);
  }

  /** Closes every connection that is open. All was received by `quietAt`. */
  async leave(quietAt: number): Promise<void> {
    for (const talker of this.talkers) if (talker.open) talker.listenedUntil = quietAt;
    await Promise.all(this.talkers.map((talker) => talker.leave(waitMs)));
  }

  /** What all clients say of themselves. */
  testify(): JudgedClient[] {
    const { runtime, engine } = this.#cluster.combination;
    // Deno's own server tells of a client after it has answered it (docs/runtimes.md).
    const opensLate = runtime === "deno" && engine === "native";
    return [...this.talkers.map((talker) => talker.testify(opensLate)), ...this.others];
  }

  destroy(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    for (const talker of this.talkers) talker.destroy();
  }

  async #open(node: Pick<NodePlace, "name" | "port">): Promise<Talker> {
    this.#opened++;
    const label = `${this.#label}c${this.#opened}`;
    const talker = await Talker.open(label, node);
    this.talkers.push(talker);
    talker.say(1, 0);
    return talker;
  }

  #tick(): void {
    for (const talker of this.talkers) {
      if (!this.#dice.chance(speakPercent)) continue;
      talker.say(1 + this.#dice.below(burstMax), this.#dice.below(paddingMax));
    }
  }

  /** A node that is away refuses, or does not answer: it is asked again. */
  async #comeAndGo(node: NodePlace): Promise<void> {
    while (!this.#ended) {
      const open = (): Promise<Talker | undefined> => this.#open(node).catch(() => undefined);
      const talker = await waitFor(async () => this.#ended || (await open()), {
        what: `${node.name} to let somebody in`,
        deadline: waitMs,
      });
      if (talker === true) return;
      const enough = 1 + this.#dice.below(shortLivedMessagesMax);
      await waitFor(() => !talker.open || this.#ended || talker.sent >= enough, {
        deadline: waitMs,
      }).catch(() => {});
      // Whoever is there in the end stays until it has received all.
      if (this.#ended) return;
      talker.silent = true;
      await this.#lastEcho(talker);
      if (talker.open) await talker.leave(waitMs).catch(() => {});
    }
  }

  async #lastEcho(talker: Talker): Promise<void> {
    await waitFor(() => !talker.open || talker.unanswered === 0, { deadline: lastEchoMs }).catch(
      () => {},
    );
  }
}
