import assert from "node:assert/strict";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

/** A WebSocket that a test opens and closes. */
class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 0;
  readonly sent: string[] = [];
  onopen: () => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  onclose: () => void = () => {};
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    FakeSocket.made.push(this);
  }

  opens(): void {
    this.readyState = 1;
    this.onopen();
  }

  closes(): void {
    this.readyState = 3;
    this.onclose();
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closes();
  }
}

const file = pathToFileURL(resolve("examples/first-app/connect.js")).href;
const { connect, waitMs } = await import(file);
const { WebSocket: own } = globalThis;

before(() => {
  Object.assign(globalThis, { WebSocket: FakeSocket });
});
after(() => {
  Object.assign(globalThis, { WebSocket: own });
});

test("the page's waits double up to 30 s, and lie between their half and their whole", () => {
  const most = Array.from({ length: 9 }, (_, failures) => waitMs(failures, () => 1));
  assert.deepEqual(most, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  const least = Array.from({ length: 9 }, (_, failures) => waitMs(failures, () => 0));
  assert.deepEqual(
    least,
    most.map((wait) => wait / 2),
  );
});

test("the page's connection comes back, and its waits begin anew once it stood", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const states: boolean[] = [];
  const messages: string[] = [];
  const connection = connect("ws://host/tea", {
    onState: (isOpen: boolean) => states.push(isOpen),
    onMessage: (data: string) => messages.push(data),
  });
  const last = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;
  assert.equal(connection.send("too early"), false);
  last().opens();
  assert.equal(connection.send("hello"), true);
  last().onmessage({ data: "hi" });
  assert.deepEqual([last().sent, messages], [["hello"], ["hi"]]);
  for (const mostMs of [500, 1_000, 2_000]) {
    const made = FakeSocket.made.length;
    last().closes();
    context.mock.timers.tick(mostMs / 2 - 1);
    assert.equal(FakeSocket.made.length, made, "it waits");
    context.mock.timers.tick(mostMs / 2 + 1);
    assert.equal(FakeSocket.made.length, made + 1, "and comes back");
  }
  last().opens();
  last().closes();
  context.mock.timers.tick(500);
  last().opens();
  connection.close();
  const made = FakeSocket.made.length;
  context.mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, made, "it has ended");
  assert.deepEqual(states, [true, false, false, false, true, false, true, false]);
});
