import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommandLink, CommandLoopback } from "../../../../adapters/mqtt/command-loopback.ts";
import { MqttCommandBus } from "../../../../adapters/mqtt/mod.ts";
import {
  type Link,
  type LinkListener,
  loopbackLimits,
  type PublishDone,
} from "../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../support/memory/mod.ts";

const topic = "wss/v1/default/nodes/n1/commands/n1";
const probe = Uint8Array.of(0x90);

/** A node's own commands at a broker that a test plays. */
class Rig {
  readonly clock = new ManualClock();
  readonly echo: CommandLoopback;
  /** Batches that the broker was given and has not answered. */
  readonly onItsWay: PublishDone[] = [];
  readonly told: (string | undefined)[] = [];
  /** Every batch that the node has published. */
  published = 0;
  #up = false;

  constructor(version: 4 | 5 = 4) {
    const rig = this;
    const link: CommandLink = {
      reportsReasons: version === 5,
      get up() {
        return rig.#up;
      },
      publish(to, payload, done) {
        assert.deepEqual([to, payload], [topic, probe]);
        rig.published++;
        rig.onItsWay.push(done);
      },
    };
    this.echo = new CommandLoopback(this.clock, link, {
      topic,
      rules: "RULES",
      onResult: (error) => void this.told.push(error?.message),
    });
  }

  connect(): void {
    this.#up = true;
    this.echo.connected(true);
  }

  /** The connection ends; what the broker has not answered fails first, as at a real link. */
  lose(): void {
    this.#up = false;
    for (const done of this.onItsWay.splice(0)) done(new ServiceError("broker-lost", "lost"));
    this.echo.connected(false);
  }

  answer(error?: ServiceError): void {
    this.onItsWay.shift()?.(error);
  }
}

test("a node sends itself an empty batch whenever it has subscribed", () => {
  const rig = new Rig();
  assert.equal(rig.published, 0);
  for (const connections of [1, 2, 3]) {
    rig.connect();
    assert.equal(rig.published, connections);
    rig.answer();
    assert.ok(rig.echo.takes(topic, probe));
    rig.lose();
  }
  assert.deepEqual(rig.told, [undefined, undefined, undefined]);
});

test("a node asks again until its batch has come back, and then no more", () => {
  const rig = new Rig();
  rig.echo.again();
  assert.equal(rig.published, 0, "there is no connection yet");
  rig.connect();
  rig.echo.again();
  assert.equal(rig.published, 2);
  assert.ok(rig.echo.takes(topic, probe));
  rig.echo.again();
  assert.equal(rig.published, 2);
  rig.lose();
  rig.echo.again();
  assert.equal(rig.published, 2, "the connection is lost");
  rig.connect();
  rig.echo.again();
  assert.equal(rig.published, 4, "a new subscription is not known to work");
});

test("only the node's own empty batch is taken from the commands", () => {
  const { echo, told } = new Rig();
  const others = [
    ["wss/v1/default/nodes/n1/commands/n2", probe],
    ["wss/v1/default/commands/n1", probe],
    [topic, new Uint8Array(0)],
    [topic, Uint8Array.of(0x91)],
    [topic, Uint8Array.of(0x90, 0x90)],
  ] as const;
  for (const [at, payload] of others) assert.ok(!echo.takes(at, payload), `${at} ${payload}`);
  assert.deepEqual(told, []);
});

test("a batch that is confirmed and does not come back names the topic and the rules", () => {
  for (const [version, rule] of [
    [4, "read and write"],
    [5, "read"],
  ] as const) {
    const rig = new Rig(version);
    rig.connect();
    rig.answer();
    assert.equal(rig.published, 1);
    rig.clock.advance(loopbackLimits.loopbackMs);
    assert.equal(rig.published, 2, "the broker is asked once more");
    assert.deepEqual(rig.told, []);
    rig.answer();
    assert.equal(rig.told.length, 1);
    assert.match(rig.told[0] ?? "", new RegExp(`not let this user ${rule} ${topic}: .*; RULES$`));
    // The rule is mended, and the next batch comes back.
    rig.echo.again();
    rig.answer();
    assert.ok(rig.echo.takes(topic, probe));
    assert.deepEqual(rig.told.slice(1), [undefined]);
  }
});

test("a refused write is told at once", () => {
  const rig = new Rig(5);
  rig.connect();
  rig.answer(new ServiceError("publish-refused", "not authorized"));
  assert.equal(rig.told.length, 1);
  assert.match(rig.told[0] ?? "", new RegExp(`not let this user write ${topic}: `));
});

test("a broker that ends the connection over the batch is told after three, then spared", () => {
  const rig = new Rig();
  for (let lost = 0; lost < loopbackLimits.loopbackLossesMax; lost++) {
    assert.deepEqual(rig.told, []);
    rig.connect();
    rig.lose();
  }
  assert.equal(rig.published, loopbackLimits.loopbackLossesMax);
  assert.equal(rig.told.length, 1);
  assert.match(rig.told[0] ?? "", /it ends the connection over a publish/);
  // The node would otherwise never keep a connection, and would receive no command at all.
  rig.connect();
  rig.echo.again();
  assert.equal(rig.published, loopbackLimits.loopbackLossesMax, "the next connection lasts");
  rig.lose();
  rig.connect();
  assert.equal(
    rig.published,
    loopbackLimits.loopbackLossesMax + 1,
    "and the one after is asked again",
  );
  assert.ok(rig.echo.takes(topic, probe));
  assert.deepEqual(rig.told.slice(1), [undefined]);
});

test("nothing is published or told after the stop", () => {
  const rig = new Rig();
  rig.connect();
  rig.answer();
  rig.echo.stop();
  rig.clock.advance(60_000);
  assert.equal(rig.published, 1);
  assert.deepEqual(rig.told, []);
});

const commandsTopic = "wss/v1/default/nodes/n1/commands/n1";

/** One connection to a broker that a test plays. */
class PlayedLink implements Link {
  readonly packetBytesMax = undefined;
  readonly reportsReasons = true;
  readonly streamQos = 0;
  oneAtATime = false;
  up = false;
  listener: LinkListener | undefined;
  readonly unanswered: PublishDone[] = [];

  async start(listener: LinkListener): Promise<void> {
    this.listener = listener;
  }

  connect(): void {
    this.up = true;
    this.listener?.connected(true);
  }

  lose(): void {
    this.up = false;
    for (const done of this.unanswered.splice(0)) done(new ServiceError("broker-lost", "lost"));
    this.listener?.connected(false);
  }

  publish(_topic: string, _payload: Uint8Array, done: PublishDone): void {
    this.unanswered.push(done);
  }

  publishAtMostOnce(): void {}
  subscribe(): void {}
  unsubscribe(): void {}
  async stop(): Promise<void> {}
}

test("a missing rule is logged once, in whatever way the broker says no", async () => {
  const logger = new MemoryLogger();
  const commands = new PlayedLink();
  const bus = new MqttCommandBus(
    { apps: ["default"], node: "n1" },
    {
      clock: new ManualClock(),
      random: new SeededRandom(1),
      logger,
      openLink: ({ role }) => (role === "commands" ? commands : new PlayedLink()),
    },
  );
  const shown: (readonly string[])[] = [];
  await bus.start({
    connected() {},
    commands() {},
    message() {},
    refused() {},
    lost() {},
    missingRights: (reasons) => shown.push(reasons),
  });
  const refuse = (): void => {
    commands.connect();
    commands.unanswered.shift()?.(new ServiceError("publish-refused", "refused"));
    commands.lose();
  };
  refuse();
  for (let session = 0; session < 2 * loopbackLimits.loopbackLossesMax; session++) {
    commands.connect();
    commands.lose();
  }
  refuse();
  const [line, ...others] = logger.of("rules-missing");
  assert.match(line?.message ?? "", /not let this user write .*: it refuses the publish; /);
  assert.deepEqual(others, []);
  // What /readyz shows is the reason that says most.
  for (const [reason] of shown) assert.match(reason ?? "", /it refuses the publish/);

  commands.connect();
  commands.listener?.message(commandsTopic, Uint8Array.of(0x90), false);
  assert.equal(logger.of("rules-mended").length, 1);
  assert.deepEqual(shown.at(-1), []);
  commands.lose();
  for (let session = 0; session < 2 * loopbackLimits.loopbackLossesMax; session++) {
    commands.connect();
    commands.lose();
  }
  assert.equal(logger.of("rules-missing").length, 2, "missing anew, so logged anew");
  assert.match(shown.at(-1)?.[0] ?? "", /it ends the connection over a publish/);
});
