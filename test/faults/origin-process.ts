/**
 * An origin of the fault tests, over the library, in a process of its own. Arguments: broker,
 * name, milliseconds that each message takes (0: handled at once, -1: for ever), and a word that
 * each echo begins with. Prints one line for each event when it is given to the handler:
 * `at type id seq data`, of a close `at close id code cause seq`; and `at done id seq` when the
 * handler of a message has finished. SIGUSR2 holds every handler up until the next one.
 */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";
import { writeWhole } from "../support/write-whole.ts";

/** Of a message's data, as much as tells which one it is. */
const dataCharsMax = 40;

const [broker = "", name = "", delay = "0", tag] = process.argv.slice(2);
let held: { readonly promise: Promise<void>; readonly free: () => void } | undefined;
const origin = await connectOrigin({ broker, name });

/** At once: a line that a kill takes along would pass for an event that was never handled. */
const tell = (...words: (string | number)[]): void => {
  const at = (performance.timeOrigin + performance.now()).toFixed(3);
  writeWhole(`${at} ${words.join(" ")}\n`);
};

/** Of so many messages one takes as many times longer: more than acks wait for one another. */
const slowEvery = 16;

const work = (seq: number): Promise<void> | void => {
  if (held !== undefined) return held.promise;
  if (delay === "0") return;
  const ms = Number(delay) * (seq % slowEvery === 0 ? slowEvery : 1);
  return new Promise((resolve) => {
    if (delay !== "-1") setTimeout(resolve, ms);
  });
};

const hold = (): void => {
  if (held !== undefined) {
    held.free();
    held = undefined;
    tell("free", "-", 0);
    return;
  }
  let free = (): void => {};
  const promise = new Promise<void>((resolve) => {
    free = resolve;
  });
  held = { promise, free };
  tell("held", "-", 0);
};

origin.on("open", ({ connection }) => tell("open", connection.id, 0));
origin.on("message", ({ connection, data, seq }) => {
  tell("message", connection.id, seq, String(data).slice(0, dataCharsMax));
  connection.send(tag === undefined ? data : `${tag} ${data}`);
  const done = (): void => tell("done", connection.id, seq);
  const working = work(seq);
  return working === undefined ? done() : working.then(done);
});
origin.on("close", ({ connection, seq = "-", code, cause }) => {
  tell("close", connection.id, code, cause, seq);
});
origin.on("error", ({ error }) => {
  const code = "code" in error ? String(error.code) : "no-code";
  tell("error", "-", 0, code, String(error).replaceAll("\n", " "));
});
process.on("SIGUSR2", hold);
process.on("SIGTERM", () => void origin.close().then(() => process.exit(0)));
tell("started", name, 0);
