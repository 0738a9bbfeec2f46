import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf } from "../../support/docs/docs.ts";
import { gatewayCommand, gatewayRuntimes } from "../../support/gateway/gateway.ts";
import { Program } from "../../support/process/spawn.ts";

async function acl(...words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const [program, ...first] = gatewayCommand(gatewayRuntimes[0] ?? "node");
  await using asked = new Program(program, [...first, "acl", ...words]);
  const { code } = await asked.exited;
  return { code, said: asked.output };
}

test("acl that names nobody, no broker, or one name twice is wrong usage", async () => {
  for (const [words, why] of [
    [[], /acl needs one of mosquitto, rabbitmq, nats, ejabberd/],
    [["activemq", "--nodes", "edge-1"], /acl needs one of mosquitto/],
    [["mosquitto"], /acl needs --nodes, --origins or --devices/],
    [["mosquitto", "--nodes", "shop-1", "--origins", "shop-1"], /shop-1 is named twice/],
    [["mosquitto", "--nodes", "EDGE"], /--nodes/],
    [["mosquitto", "--devices", "sensor-1"], /NAME\/GROUP/],
  ] as const) {
    const { code, said } = await acl(...words);
    assert.equal(code, 2, said);
    assert.match(said, why);
  }
});

test("--acting adds the two rules of the page on the admin port, and nothing else", async () => {
  const [block] = blocksOf("docs/operating/admin.md").filter(
    ({ subject }) => subject === "admin-acl",
  );
  const rules = async (...words: string[]): Promise<string[]> =>
    (await acl("mosquitto", "--nodes", "edge-1", "--origins", "shop-1", ...words)).said.split(
      "\n",
    );
  const plain = await rules();
  const more = (await rules("--acting")).filter((line) => !plain.includes(line));
  assert.deepEqual(more.sort(), block?.body.trim().split("\n").sort());
});

test("a device named for two groups is one user with both", async () => {
  const { code, said } = await acl("mosquitto", "--devices", "sensor-1/rain,sensor-1/a/b");
  assert.equal(code, 0, said);
  const rules = said.split("\n").filter((line) => !line.startsWith("#"));
  assert.deepEqual(rules, [
    "user sensor-1",
    "topic write wss/v1/default/groups/rain/text",
    "topic write wss/v1/default/groups/a%2Fb/text",
  ]);
});
