import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../core/ports/mod.ts";

export interface ClockCase {
  readonly clock: Clock;
  /** Lets at least `ms` pass. */
  pass(ms: number): Promise<void>;
  /** Lets the turn of the event loop end. */
  turn(): Promise<void>;
}

/** What the core relies on in any clock. */
export function clockConformance(name: string, make: () => ClockCase): void {
  test(`${name}: now is milliseconds since the epoch and never jumps back`, async () => {
    const { clock, pass } = make();
    const before = clock.now();
    assert.ok(before > Date.UTC(2020) && before < Date.UTC(2100));
    await pass(5);
    // A timer may fire in the millisecond before its own, by rounding.
    assert.ok(clock.now() >= before + 4);
  });

  test(`${name}: ticks tell how long something took`, async () => {
    const { clock, pass } = make();
    const before = clock.ticks();
    await pass(5);
    const took = clock.ticks() - before;
    assert.ok(took >= 4 && took < 60_000, `${took} ms`);
  });

  test(`${name}: a timer fires once, not early`, async () => {
    const { clock, pass } = make();
    const started = clock.now();
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.now() - started));
    await pass(40);
    assert.equal(fired.length, 1);
    assert.ok((fired[0] ?? 0) >= 9, `after ${fired[0]} ms`);
  });

  test(`${name}: timers fire in order, equal ones as they were started`, async () => {
    const { clock, pass } = make();
    const order: string[] = [];
    clock.after(30, () => order.push("late"));
    clock.after(5, () => order.push("first"));
    clock.after(5, () => order.push("second"));
    await pass(60);
    assert.deepEqual(order, ["first", "second", "late"]);
  });

  test(`${name}: a cancelled timer does not fire, and cancelling again does nothing`, async () => {
    const { clock, pass } = make();
    let fired = 0;
    const cancel = clock.after(5, () => {
      fired += 1;
    });
    cancel();
    cancel();
    const late = clock.after(5, () => {
      fired += 10;
    });
    await pass(30);
    late();
    assert.equal(fired, 10);
  });

  test(`${name}: the end of the turn comes after what runs now, in order, and once`, async () => {
    const { clock, turn } = make();
    const order: string[] = [];
    clock.endOfTurn(() => order.push("one"));
    clock.endOfTurn(() => {
      order.push("two");
      clock.endOfTurn(() => order.push("next turn"));
    });
    order.push("now");
    await turn();
    assert.deepEqual(order.slice(0, 3), ["now", "one", "two"]);
    await turn();
    assert.deepEqual(order, ["now", "one", "two", "next turn"]);
  });
}
