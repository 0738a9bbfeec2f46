import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createWasmCodec } from "../../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../../reference/mod.ts";
import { CommandWorld, type WorldOptions } from "../../../../support/simulated/command-world.ts";

/** What happens next, in the simulated world. Numbers choose among what there is. */
type Step =
  | readonly ["connect" | "outage"]
  | readonly ["send", client: number, messages: number, bytes: number]
  | readonly ["send-all" | "ask" | "ask-all" | "join" | "say" | "cut", which: number]
  | readonly ["wait", ms: number];

const which = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(["connect"] as const) },
  {
    weight: 12,
    arbitrary: fc.tuple(
      fc.constant("send" as const),
      which,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(20, 20, 20, 300, 30_000),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant("send-all" as const), which) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("ask" as const), which) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("ask-all" as const), which) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("join" as const), which) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("say" as const), which) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("cut" as const), which) },
  { weight: 1, arbitrary: fc.constant(["outage"] as const) },
  {
    weight: 10,
    arbitrary: fc.tuple(fc.constant("wait" as const), fc.integer({ min: 1, max: 800 })),
  },
);
const percent = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const options: fc.Arbitrary<WorldOptions> = fc.record({
  seed: fc.nat(),
  streamQos: fc.constantFrom(0, 0, 1),
  json: fc.constantFrom(false, false, true),
  faults: fc.record({
    lostAtMostOnce: percent(40),
    dropped: percent(15),
    repeated: percent(30),
    delayMsMax: fc.constantFrom(1, 20, 100),
  }),
});

async function live(world: CommandWorld, steps: readonly Step[]): Promise<void> {
  for (const [what, number = 0, messages = 0, bytes = 0] of steps) {
    const client = world.client(number);
    if (what === "connect") world.connect();
    else if (what === "outage") world.outage();
    else if (what === "cut") world.cut(number);
    else if (what === "wait") await world.pass(number);
    else if (client === undefined) continue;
    else if (what === "send") {
      for (let index = 0; index < messages; index++) world.send([client], bytes);
    } else if (what === "send-all") world.send(world.clients, 20);
    else if (what === "ask") world.ask([client]);
    else if (what === "ask-all") world.ask(world.clients);
    else if (what === "join") world.join(client, `g${number % 3}`);
    else world.say(client);
    world.clock.turn();
  }
}

/** Every command was carried out once, in order, and whoever waits has an answer. */
function judge(world: CommandWorld): void {
  // While a connection of the origin is broken, a node may send replies to whoever listens. There
  // the broker may drop one, which is told.
  const told = world.bus.done.cut > 0 ? ["batch-gap"] : [];
  const givenUp = world.reported.filter((code) => !told.includes(code));
  assert.deepEqual(givenUp, [], "nothing was given up");
  for (const client of world.clients) {
    assert.deepEqual(world.received(client), client.expected, client.id);
  }
  // Only a connection that breaks may take a reply with it.
  const allowed = ["sent", "joined", "flushed", ...(world.bus.done.cut > 0 ? ["unknown"] : [])];
  const outcomes = world.outcomes.flatMap((outcome) => outcome.split(","));
  assert.deepEqual(
    outcomes.filter((outcome) => !allowed.includes(outcome)),
    [],
  );
  assert.equal(world.origin.queuedBytes, 0);
}

/** The connections were closed by a command, once and after all else, and nothing is left. */
function judgeEnd(world: CommandWorld): void {
  for (const { socket } of world.clients) {
    const { type, closeCode } = socket.delivered.at(-1) as { type: string; closeCode?: number };
    assert.deepEqual([type, closeCode], ["close", 4_000]);
  }
  assert.equal(world.clock.pendingTimers, 0, "timers are left");
}

const runs = Number(process.env.PROPERTY_RUNS ?? 60);
const schedule = fc.array(step, { minLength: 10, maxLength: 80, size: "max" });
const codecs = [
  ["plain", createReferenceCodec, runs],
  ["WASM", createWasmCodec, Math.ceil(runs / 3)],
] as const;

for (const [name, codec, numRuns] of codecs) {
  test(`whatever a broker does, commands are carried out once and in order: ${name}`, async () => {
    const done = { lost: 0, dropped: 0, repeated: 0, cut: 0 };
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(options, schedule, async (drawn, steps) => {
        const world = new CommandWorld(codec, drawn);
        try {
          await world.start();
          world.connect();
          await live(world, steps);
          const repeated = await world.calm();
          judge(world);
          assert.equal(repeated, 0, "nothing is repeated that was acknowledged");
        } finally {
          await world.end();
        }
        judgeEnd(world);
        for (const what of ["lost", "dropped", "repeated", "cut"] as const) {
          done[what] += world.bus.done[what];
        }
        answered += world.outcomes.filter((outcome) => outcome === "sent").length;
      }),
      // A life that fails is short enough to read. To shorten it takes a thousand tries.
      { numRuns, includeErrorInReport: true, endOnFailure: true },
    );
    // Of each there are several a life. With far fewer the test would be about nothing.
    for (const [what, times] of Object.entries({ ...done, answered })) {
      assert.ok(times > numRuns / 10, `${what}: ${times} times in ${numRuns} lives`);
    }
  });
}
