import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttCommandBus } from "../../../../adapters/mqtt/mod.ts";
import {
  type Link,
  type LinkListener,
  loopbackLimits,
  type PublishDone,
} from "../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../support/memory/mod.ts";

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
