import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { SendRig, target } from "../../../../support/origins/send-rig.ts";

/** Senders over several brokers: topics with one of these nodes or groups are not reached. */
class Rig extends SendRig {
  readonly away: Set<string> = new Set();
  /** Topics of what was published, and whether its broker was there. */
  readonly published: string[] = [];

  constructor() {
    super(new ManualClock(), false, (topic, _payload, done) => {
      const reached = this.#reaches(topic);
      this.published.push(`${topic.split("/")[4]} ${reached}`);
      done(reached ? undefined : new ServiceError("broker-lost", "away"));
    });
    Object.assign(this.link, { reaches: (topic: string) => this.#reaches(topic) });
  }

  #reaches(topic: string): boolean {
    return !this.away.has(topic.split("/")[4]!);
  }

  send(node: string): void {
    this.nodes.node(node).send(target(`${node}.a`), "hello");
    void this.direct.flushed();
  }

  publish(group: string): void {
    this.groups.add(this.groups.admit(["publish", group, "news"]), group);
    void this.grouped.flushed();
  }

  changed(): void {
    this.direct.reachChanged();
    this.grouped.reachChanged();
  }

  get seen(): string[] {
    return this.published.splice(0);
  }
}

test("what goes to a node whose broker is away waits, and the others notice nothing", () => {
  const rig = new Rig();
  rig.lives = false;
  rig.send("n1");
  rig.send("n2");
  assert.deepEqual(rig.seen, ["n1 true", "n2 true"]);
  rig.away.add("n2");
  rig.changed();
  for (const node of ["n1", "n2", "n1", "n2"]) rig.send(node);
  assert.deepEqual(rig.seen, ["n1 true", "n1 true"]);
  rig.away.delete("n2");
  rig.changed();
  // What is not acknowledged goes again on the stream whose broker is back, and on no other.
  const after = rig.seen;
  assert.ok(after.length > 0 && after.every((line) => line === "n2 true"), after.join());
  assert.deepEqual(rig.codes, []);
});

test("a sender that begins while its broker is away publishes when that is back", () => {
  const rig = new Rig();
  rig.away.add("n1").add("g1");
  rig.send("n1");
  rig.publish("g1");
  rig.publish("g2");
  assert.deepEqual(rig.seen, ["g2 true"]);
  rig.away.clear();
  rig.changed();
  assert.deepEqual(rig.seen.sort(), ["g1 true", "n1 true"]);
});

test("a change of brokers repeats nothing to a group whose broker stays", () => {
  const rig = new Rig();
  const answers: (() => void)[] = [];
  Object.assign(rig.link, {
    publish: (topic: string, _payload: Uint8Array, done: () => void) => {
      rig.published.push(topic.split("/")[4]!);
      answers.push(done);
    },
  });
  rig.publish("g1");
  assert.deepEqual(rig.seen, ["g1"]);
  rig.changed();
  assert.deepEqual(rig.seen, [], "it is under way, and has no number");
  for (const done of answers) done();
});
