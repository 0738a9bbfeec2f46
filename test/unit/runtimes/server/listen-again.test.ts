import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Server } from "node:net";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { listenAgain, listenAgainAfterBursts } from "../../../../runtimes/server/listen-again.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

class FakeServer extends EventEmitter {
  readonly listening = true;
  /** What was called, in its order. */
  readonly calls: string[] = [];
  address(): { port: number; address: string } {
    return { port: 1, address: "127.0.0.1" };
  }
  close(): void {
    this.calls.push("close");
  }
  listen(): void {
    this.calls.push("listen");
    this.emit("listening");
  }
}

/** A burst of streams, and the time until it is over. */
function callsAfterBurst(mayEndDescriptors: (streams: number) => boolean): readonly string[] {
  const server = new FakeServer();
  const clock = new ManualClock();
  const reopen = (): void => listenAgain(server as unknown as Server, clock, () => true);
  const questions = { reopen, mayEndDescriptors };
  listenAgainAfterBursts(server as unknown as Server, clock, questions);
  for (let index = 0; index <= limits.burstStreamsMin; index += 1) server.emit("connection");
  clock.advance(10 * limits.descriptorsTickMs);
  return server.calls;
}

test("a port with descriptors to spare stays open after a burst: who waits would be cut", () => {
  const asked: number[] = [];
  const calls = callsAfterBurst((streams) => {
    asked.push(streams);
    return false;
  });
  assert.deepEqual(calls, []);
  assert.deepEqual(asked, [limits.burstStreamsMin + 1]);
});

test("a port whose burst may have taken every descriptor is opened again once", () => {
  assert.deepEqual(
    callsAfterBurst(() => true),
    ["close", "listen"],
  );
});
