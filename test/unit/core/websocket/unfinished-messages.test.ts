import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type MessageSender,
  UnfinishedMessages,
} from "../../../../core/websocket/unfinished-messages.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

class Sender implements MessageSender {
  readonly address: string;
  readonly #messages: UnfinishedMessages;
  gone: string | undefined = undefined;

  constructor(messages: UnfinishedMessages, address: string) {
    this.#messages = messages;
    this.address = address;
  }

  has(bytes: number, another = false): void {
    this.#messages.note(this, bytes, another);
  }

  giveUp(code: string): void {
    this.gone = code;
    // As a socket does when it is closed.
    this.#messages.note(this, -1, false);
  }
}

function rig(options: { timeout?: number; address?: number; all?: number }): {
  clock: ManualClock;
  messages: UnfinishedMessages;
  sender: (address: string) => Sender;
} {
  const { timeout = 0, address = 1_000, all = 10_000 } = options;
  const clock = new ManualClock();
  const limits = { messageTimeoutMs: timeout, addressBytesMax: address, bytesMax: all };
  const messages = new UnfinishedMessages(clock, limits);
  return { clock, messages, sender: (from) => new Sender(messages, from) };
}

test("many of one address that hoard close each other, and nobody else", () => {
  const { clock, sender } = rig({});
  const honest = sender("192.0.2.2");
  honest.has(900);
  clock.advance(1_000);
  const hoarders = Array.from({ length: 30 }, () => sender("192.0.2.1"));
  for (const hoarder of hoarders) {
    hoarder.has(300);
    clock.advance(10);
  }
  assert.equal(honest.gone, undefined);
  // Three fit; the oldest went first.
  assert.deepEqual(
    hoarders.map(({ gone }) => gone),
    [...Array(27).fill("unfinished-messages"), undefined, undefined, undefined],
  );
});

test("addresses of one IPv6 network are one", () => {
  const { sender } = rig({});
  const [first, second] = [sender("2001:db8::1"), sender("2001:db8::2")];
  first.has(600);
  second.has(500);
  assert.deepEqual([first.gone, second.gone], ["unfinished-messages", undefined]);
});

test("past what all may hold, the address with most gives up who holds most and longest", () => {
  const { clock, sender } = rig({ address: 5_000, all: 10_000 });
  const small = sender("192.0.2.1");
  small.has(10);
  clock.advance(60_000);
  const [large, larger] = [sender("192.0.2.2"), sender("192.0.2.2")];
  large.has(1_000);
  larger.has(3_900);
  const other = sender("192.0.2.3");
  other.has(4_500);
  clock.advance(1_000);
  const last = sender("192.0.2.4");
  last.has(1_000);
  const gone = [small, large, larger, other, last].map((one) => one.gone !== undefined);
  assert.deepEqual(gone, [false, false, true, false, false]);
});

test("a message that takes too long is given up, a new one has its own time", () => {
  const { clock, sender } = rig({ timeout: 1_000 });
  const [slow, busy, done] = [sender("a"), sender("b"), sender("c")];
  for (const one of [slow, busy, done]) one.has(0);
  clock.advance(900);
  slow.has(5);
  busy.has(5, true);
  done.has(-1);
  clock.advance(400);
  assert.deepEqual([slow.gone, busy.gone, done.gone], ["message-timeout", undefined, undefined]);
  clock.advance(1_000);
  assert.equal(busy.gone, "message-timeout");
  assert.equal(clock.pendingTimers, 0);
});

test("the time of who is not read does not run", () => {
  const { clock, messages, sender } = rig({ timeout: 1_000 });
  const [paused, read] = [sender("a"), sender("b")];
  paused.has(5);
  read.has(5);
  messages.pause(paused, true);
  clock.advance(5_000);
  assert.deepEqual([paused.gone, read.gone], [undefined, "message-timeout"]);
  messages.pause(paused, false);
  clock.advance(900);
  assert.equal(paused.gone, undefined);
  clock.advance(500);
  assert.equal(paused.gone, "message-timeout");
});

test("a clock that is set on or back changes nothing of a message's time", () => {
  for (const set of [3_600_000, -3_600_000]) {
    const { clock, sender } = rig({ timeout: 1_000 });
    const slow = sender("a");
    slow.has(5);
    clock.set(set);
    clock.advance(900);
    assert.equal(slow.gone, undefined, `${set}`);
    clock.advance(500);
    assert.equal(slow.gone, "message-timeout", `${set}`);
  }
});
