import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

/** The origin of examples/rooms, in a process of its own. */
async function startRooms(broker: Mosquitto): Promise<Program> {
  const rooms = new Program(bunProgram, ["examples/rooms/main.ts", broker.url()]);
  after(() => rooms[Symbol.asyncDispose]());
  await rooms.line((line) => line.startsWith("The rooms are open") || undefined, "its start");
  return rooms;
}

/** Whom it was given that came in earlier, in alphabetical order. */
function given(rooms: Program): string[] {
  const found = rooms.lines.map((line) => /^(\w+) is in tea, and here since 20/.exec(line)?.[1]);
  return found.filter((user) => user !== undefined).sort();
}

const everyone = ["ada", "bob", "cid"];

for (const { runtime, engine } of combinations.filter(({ runtime }) => runtime !== "deno")) {
  test(`the origin knows whom it has after deploy and kill (${runtime} ${engine})`, async () => {
    await using broker = await Mosquitto.start();
    const first = await startRooms(broker);
    const flags = ["--broker", broker.url(), "--authorize", "origin", "--engine", engine];
    const gateway = await startGateway({ runtime, flags });
    const join = (user: string): Promise<RawClient> =>
      RawClient.open(gateway.info.port, { path: `/tea?token=${user}` });
    const [ada, bob, cid] = [await join("ada"), await join("bob"), await join("cid")];
    const receive = async (text: string, ...clients: RawClient[]): Promise<void> => {
      for (const client of clients) assert.equal(await client.nextText(), text);
    };
    ada.text("hello");
    await receive("ada (1): hello", bob, cid);
    // Handed over: the first goes when it has confirmed what it was given.
    const second = await startRooms(broker);
    first.kill("SIGTERM");
    assert.deepEqual(await first.exited, { code: 0, signal: null });
    await waitFor(() => given(second).length === 3);
    ada.text("again");
    await receive("ada (2): again", bob, cid);
    bob.text("me too");
    await receive("bob (1): me too", ada, cid);
    // Killed: the third has its connections as soon as its Will is told.
    const third = await startRooms(broker);
    second.kill("SIGKILL");
    await waitFor(() => given(third).length === 3);
    ada.text("still");
    await receive("ada (3): still", bob, cid);
    // Who never said a word is known at the end too.
    cid.destroy();
    await receive("cid left", ada, bob);
    assert.deepEqual([given(second), given(third)], [everyone, everyone], "each once");
    for (const client of [ada, bob]) client.destroy();
  });
}

test("an origin that comes after open mode, and one after none, know whom they have", async () => {
  await using broker = await Mosquitto.start();
  const gateway = await startGateway({ flags: ["--broker", broker.url()] });
  const client = await RawClient.open(gateway.info.port, { path: "/tea?x=1" });
  after(() => client.destroy());
  const listen = async (): Promise<{ received: string[]; end: () => Promise<void> }> => {
    const origin = await connectOrigin({ broker: broker.url() });
    after(() => origin.close());
    const received: string[] = [];
    origin.on("assigned", ({ info }) => void received.push(`assigned ${info.path}?${info.query}`));
    origin.on("message", ({ connection, data }) => {
      received.push(`${connection.info?.path} ${data}`);
    });
    origin.on("close", ({ connection }) => void received.push(`close ${connection.info?.path}`));
    return { received, end: () => origin.close() };
  };
  const first = await listen();
  await waitFor(() => first.received.length === 1);
  await first.end();
  client.text("into the no-origin buffer");
  const second = await listen();
  await waitFor(() => second.received.length === 2);
  client.destroy();
  await waitFor(() => second.received.length === 3);
  assert.deepEqual(first.received, ["assigned /tea?x=1"]);
  const told = ["assigned /tea?x=1", "/tea into the no-origin buffer", "close /tea"];
  assert.deepEqual(second.received, told);
});
