import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { nameOfOurs, nodeWasm } from "../../bench/measure/entrants.ts";
import { latencyAt, type PacedFigure } from "../../bench/measure/paced.ts";
import { barPlot } from "../../bench/measure/plots/bar-plot.ts";
import { linePlot } from "../../bench/measure/plots/line-plot.ts";
import { inTurns, quickMs, SharedTime } from "../../bench/measure/rounds.ts";
import { digits, type Effort, middle, ranged, Session } from "../../bench/measure/session.ts";
import { clientFrame, payloadOf, serverFrame } from "../../bench/programs/load/wire.ts";
import { ManualClock } from "../../support/memory/mod.ts";
import { nodeProgram, Program } from "../../support/process/spawn.ts";

const effort: Effort = { quick: true, rounds: 3, seconds: 1, warmUpMs: 0 };

const bench = (...words: string[]): Program =>
  new Program(nodeProgram(), ["dist/js/test/bench/main.js", ...words]);

test("bench: --help names every bench, and what cannot be done ends with 2", async () => {
  const help = bench("--help");
  assert.equal((await help.exited).code, 0);
  assert.match(help.output, /echo.*\(groups\).*storm/);
  for (const words of [["nothing"], ["echo", "--quick", "--write"], ["echo", "--rounds", "0"]]) {
    assert.equal((await bench(...words).exited).code, 2, words.join(" "));
  }
});

test("bench: items take turns, forth and back", async () => {
  const order: string[] = [];
  const figures = await inTurns(["a", "b"], { rounds: 3 }, async (item) => order.push(item));
  assert.equal(order.join(""), "abbaab");
  assert.deepEqual(figures, [
    [1, 4, 5],
    [2, 3, 6],
  ]);
});

test("bench: what fails is tried once more, and then fails", async () => {
  let tries = 0;
  const measure = async (failing: number): Promise<number> => {
    tries += 1;
    if (tries <= failing) throw new Error("busy");
    return tries;
  };
  assert.deepEqual(await inTurns([1], { rounds: 1 }, measure), [[2]]);
  tries = 0;
  await assert.rejects(inTurns([2], { rounds: 1 }, measure), /busy/);
});

/** Benches of four rows under a limit for them all: which rows each measures, and what it says. */
async function benchesUnderLimit(rowMs: readonly number[], limitMs: number) {
  const clock = new ManualClock();
  const time = new SharedTime(clock, limitMs);
  const measured: string[] = [];
  const said: string[] = [];
  for (const [at, ms] of rowMs.entries()) {
    if (time.isOver) {
      measured.push("not at all");
      continue;
    }
    time.begin(rowMs.length - at);
    const session = new Session({ ...effort, rounds: 1 }, false, time);
    const rows = ["a", "b", "c", "d"].map((name) => ({ name }));
    const figures = await inTurns(rows, session.turns(), async ({ name }) => {
      clock.advance(ms);
      return name;
    });
    measured.push(figures.flat().join(""));
    said.push(session.markdown());
  }
  return { measured, said, tookMs: clock.ticks() - new ManualClock().ticks() };
}

test("bench: the benches of a quick run share its time, and say what they leave out", async () => {
  // A share is 100 ms, and what one does not use is for the others.
  const fast = await benchesUnderLimit([10, 10, 60], 300);
  assert.deepEqual(fast.measured, ["abcd", "abcd", "abc"]);
  assert.deepEqual(fast.said, ["", "", "Left out, because the time of this bench is used: d."]);
  const slow = await benchesUnderLimit([70, 30, 30, 30], 200);
  assert.deepEqual(slow.measured, ["a", "a", "a", "ab"]);
  assert.equal(slow.tookMs, 190);
  assert.equal(slow.said[0], "Left out, because the time of this bench is used: b; c; d.");
  const hopeless = await benchesUnderLimit([500, 10], 200);
  assert.deepEqual(hopeless.measured, ["a", "not at all"]);
});

test("bench: a quick run ends before two minutes are over", () => {
  assert.ok(quickMs.measured < quickMs.most && quickMs.most < 120_000);
});

test("bench: figures show few digits, their median and their spread", () => {
  assert.deepEqual([12_345.6, 123.4, 12.34, 1.234, Number.NaN].map(digits), [
    "12,346",
    "123",
    "12.3",
    "1.23",
    "–",
  ]);
  assert.equal(ranged([3, 1, 2]), "2.00 (1.00–3.00)");
  assert.equal(ranged([3]), "3.00");
  assert.deepEqual([middle([3, 1, 2]), middle([Number.NaN])], ["2.00", "–"]);
  assert.equal(ranged([Number.NaN]), "–");
  assert.equal(nameOfOurs({ ...nodeWasm, qos: 1, brokers: 2 }), "Node.js, wasm, QoS 1, 2 brokers");
});

test("bench: what it says becomes Markdown, lines as they are in a fence", () => {
  const session = new Session(effort, false);
  session.print("a  b");
  session.print("c");
  session.say("Words.");
  session.table(["", "x"], [["row", "1"]]);
  session.draw("bars", "Bars", "<svg/>");
  session.keep("x", [1, 3, 2]);
  assert.equal(
    session.markdown(),
    "```text\na  b\nc\n```\n\nWords.\n\n|     | x |\n|---|---:|\n| row | 1 |\n\n" +
      "![Bars](performance/bars.svg)",
  );
  assert.deepEqual(session.figures, { x: 2 });
});

test("bench: plots name what they show, and escape it", () => {
  const bars = barPlot([{ name: "`a` & <b>", rounds: [1, 3, 2] }], { title: "T", show: digits });
  assert.match(bars, />a &amp; &lt;b><\/text>/);
  assert.match(bars, />2\.00<\/text>\n<\/svg>/);
  const line = { name: "l", colour: "#000", points: [[0, 1] as const, [3, 4] as const] };
  const texts = { title: "T", x: "x", y: "y", xTicks: [[3, "99.9 %"] as const] };
  assert.match(linePlot([line], texts), />99\.9 %<\/text>/);
  const steep = { ...line, points: [[1, 0.05] as const, [2, 20] as const] };
  const marks = linePlot([steep], { ...texts, yLog: true }).matchAll(/"end">([\d.]+)</g);
  const found = [...marks].map(([, mark]) => mark);
  assert.deepEqual(found, ["0.01", "0.1", "1", "10", "100"]);
});

test("bench: frames are those of RFC 6455", () => {
  assert.equal(serverFrame(Buffer.from("Hello")).toString("hex"), "810548656c6c6f");
  assert.equal(clientFrame(Buffer.from("Hello")).toString("hex"), "818537fa213d7f9f4d5158");
  assert.deepEqual([...serverFrame(Buffer.alloc(126)).subarray(0, 4)], [0x81, 126, 0, 126]);
  assert.equal(serverFrame(Buffer.alloc(65_536)).length, 65_546);
  assert.equal(payloadOf(3, "socket.io").toString(), '42["m","The"]');
});

/** Echoes; the first message stops it for so long. Ends with the test. */
async function echoServer(stallMs: number): Promise<{ port: number } & Disposable> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  let isFirst = true;
  server.on("connection", (socket) =>
    socket.on("message", (data) => {
      // Nothing is answered meanwhile, to nobody.
      const until = isFirst ? performance.now() + stallMs : 0;
      isFirst = false;
      while (performance.now() < until);
      socket.send(data, { binary: false });
    }),
  );
  const stop = (): void => {
    server.close();
    for (const client of server.clients) client.terminate();
  };
  return { port: (server.address() as { port: number }).port, [Symbol.dispose]: stop };
}

function pacedLoad(port: number, seconds: number): Program {
  const load = { ports: [port], connections: 2, rate: 500, seconds, warmUpMs: 0 };
  const program = "dist/js/test/bench/programs/load/paced-load.js";
  return new Program(nodeProgram(), [program, JSON.stringify(load)]);
}

const countedBy = (driver: Program): Promise<PacedFigure> =>
  driver.line(
    (line) => (line.includes('"counted"') ? (JSON.parse(line) as PacedFigure) : undefined),
    "the figures",
  );

const stallMs = 400;

test("bench: all that was due in a stall of the server waits in its latencies", async () => {
  using server = await echoServer(stallMs);
  await using driver = pacedLoad(server.port, 1);
  const counted = await countedBy(driver);
  // 200 of 500 messages were due in the stall: half of those waited for half of it, or longer.
  assert.equal(counted.unanswered, 0);
  assert.ok(counted.max >= (stallMs - 50) * 1_000, `${counted.max}`);
  assert.ok(latencyAt(counted, 90) >= (stallMs / 4) * 1_000, JSON.stringify(counted.curve));
});

test("bench: a latency counts from when a message was due, though it was sent late", async () => {
  using server = await echoServer(0);
  // Long enough that it still sends when a busy machine comes to stop it.
  await using driver = pacedLoad(server.port, 4);
  await driver.line((line) => line.includes('"counting"') || undefined, "the beginning");
  driver.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, stallMs));
  driver.kill("SIGCONT");
  const counted = await countedBy(driver);
  assert.ok(counted.max >= (stallMs - 50) * 1_000, `${counted.max}`);
  assert.ok(counted.late99 >= (stallMs / 4) * 1_000, `${counted.late99}`);
});

test("bench: a bench says how many rounds it does, and does no more than asked for", () => {
  const session = new Session(effort, false);
  assert.equal(session.roundsDone, 3);
  for (const [most, done] of [
    [9, 3],
    [2, 2],
    [1, 1],
  ] as const) {
    assert.deepEqual([session.rounds(most), session.roundsDone], [done, done]);
  }
});
