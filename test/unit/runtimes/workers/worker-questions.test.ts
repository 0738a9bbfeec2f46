import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../core/base/mod.ts";
import type { Question, TailLine, TailReceiver } from "../../../../core/inspect/mod.ts";
import type { Notice, Order } from "../../../../runtimes/workers/messages.ts";
import { OperatorQuestions } from "../../../../runtimes/workers/operator-questions.ts";
import { workerLimits } from "../../../../runtimes/workers/worker-limits.ts";
import { WorkerQuestions } from "../../../../runtimes/workers/worker-questions.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";

const question: Question = { what: "apps" };
const line: TailLine = { at: 1, kind: "event", verb: "message" };
const none = { lines: 0, batches: 0 };
const filter = { group: "team", app: "default" };

/** The supervisor's side, and the orders that it gives. */
function supervisor() {
  const clock = new ManualClock();
  const orders: Order[] = [];
  const questions = new WorkerQuestions("edge-1-0", (order) => void orders.push(order), clock);
  return { clock, orders, questions };
}

test("an answer goes to who asked, and leaves no timer", async () => {
  const { clock, orders, questions } = supervisor();
  const [first, second] = [questions.ask(question), questions.ask({ what: "node" })];
  assert.deepEqual(orders, [
    { kind: "ask", id: 1, question },
    { kind: "ask", id: 2, question: { what: "node" } },
  ]);
  questions.answered({ kind: "answer", id: 2, answer: "of the node" });
  const error = { code: "requests-full", message: "too many" } as const;
  questions.answered({ kind: "answer", id: 1, error });
  questions.answered({ kind: "answer", id: 9, answer: "to nobody" });
  assert.equal(await second, "of the node");
  await assert.rejects(first, error);
  assert.equal(clock.pendingTimers, 0);
});

test("a worker that says nothing is waited for as long as its limit says", async () => {
  const { clock, questions } = supervisor();
  let failure: ServiceError | undefined;
  const asked = questions.ask(question).catch((error: ServiceError) => {
    failure = error;
  });
  clock.advance(workerLimits.answerMs - 1);
  await settled();
  assert.equal(failure, undefined);
  clock.advance(1);
  await asked;
  assert.equal((failure as ServiceError | undefined)?.code, "reply-timeout");
  questions.answered({ kind: "answer", id: 1, answer: "too late" });
});

test("who waits for a worker that ends learns it at once", async () => {
  const { clock, questions } = supervisor();
  const asked = [questions.ask(question), questions.ask(question)];
  questions.ended();
  for (const one of asked) await assert.rejects(one, { code: "worker-died" });
  assert.equal(clock.pendingTimers, 0);
});

test("a tail goes on at the process that takes the worker's place, until it is ended", () => {
  const { orders, questions } = supervisor();
  const lines: TailLine[] = [];
  const end = questions.tail(
    filter,
    (more) => void lines.push(...more),
    () => {},
  );
  questions.started();
  const tail = { kind: "tail", id: 1, filter } as const;
  assert.deepEqual(orders, [tail, tail]);
  questions.tailed({ kind: "tailed", id: 1, lines: [line], leftOut: none });
  end();
  end();
  questions.started();
  questions.tailed({ kind: "tailed", id: 1, lines: [line], leftOut: none });
  assert.deepEqual(orders.slice(2), [{ kind: "tail-end", id: 1 }]);
  assert.deepEqual(lines, [line]);
});

/** The worker's side, and what it says. */
function worker() {
  const notices: Notice[] = [];
  const questions = new OperatorQuestions((notice) => void notices.push(notice));
  const tails = new Set<TailReceiver>();
  const answer = async (asked: Question): Promise<unknown> => {
    if (asked.what === "node") throw new ServiceError("requests-full", "too many searches");
    if (asked.what === "apps") throw new TypeError("a secret of the process");
    return asked.what;
  };
  const tail = (_filter: unknown, receive: TailReceiver) => {
    tails.add(receive);
    return () => void tails.delete(receive);
  };
  return { notices, questions, tails, answering: { answer, tail } };
}

test("a worker answers with what its node says, or with the code of its refusal", async () => {
  const { answering, notices, questions } = worker();
  questions.ask({ kind: "ask", id: 1, question });
  questions.answering = answering;
  for (const [index, what] of (["destinations", "node", "apps"] as const).entries()) {
    questions.ask({ kind: "ask", id: index + 2, question: { what } });
  }
  await settled();
  assert.deepEqual(notices, [
    { kind: "answer", id: 1, error: { code: "requests-full", message: "the worker is starting" } },
    { kind: "answer", id: 2, answer: "destinations" },
    { kind: "answer", id: 3, error: { code: "requests-full", message: "too many searches" } },
    { kind: "answer", id: 4, error: { code: "internal", message: "the question failed" } },
  ]);
});

test("a worker follows what it is told to, once, until it is told to stop", () => {
  const { answering, notices, questions, tails } = worker();
  questions.answering = answering;
  for (let count = 0; count < 2; count++) questions.tail({ kind: "tail", id: 7, filter });
  assert.equal(tails.size, 1);
  for (const receive of tails) receive([line], none);
  assert.deepEqual(notices, [{ kind: "tailed", id: 7, lines: [line], leftOut: none }]);
  questions.end(7);
  questions.end(8);
  assert.equal(tails.size, 0);
});
