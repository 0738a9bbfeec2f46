/**
 * An origin of the fault tests, over the library, in a process of its own. Arguments: broker,
 * name, milliseconds that each message takes (0: handled at once, -1: for ever), a word that each
 * echo begins with, and `authorises` where nodes ask it about handshakes. Prints one line for each
 * event when it is given to the handler: `at type id seq data`, of a close
 * `at close id code cause seq`; `at done id seq` when the handler of a message has finished, and
 * `at news - number` when it publishes to a group. SIGUSR2 holds every handler up until the next.
 */
import process from "node:process";
import { connectOrigin, reject } from "websocket-service/origin";
import { writeWhole } from "../../support/process/write-whole.ts";

/** Of a message's data, as much as tells which one it is. */
const dataCharsMax = 40;

const [broker = "", name = "", delay = "0", tag, mode] = process.argv.slice(2);
const authorises = mode === "authorises";
let handled = 0;
let held: { readonly promise: Promise<void>; readonly free: () => void } | undefined;
const origin = await connectOrigin({ broker, name });

/** At once: a line that a kill takes along would pass for an event that was never handled. */
const tell = (...words: (string | number)[]): void => {
  const at = (performance.timeOrigin + performance.now()).toFixed(3);
  writeWhole(`${at} ${words.join(" ")}\n`);
};

/** After so many messages each group is sent one. */
const newsEvery = 100;

/** Of so many messages one takes as many times longer: more than acks wait for one another. */
const slowEvery = 32;

const work = (seq: number): Promise<void> | void => {
  if (held !== undefined) return held.promise;
  if (delay === "0") return;
  const ms = Number(delay) * (seq % slowEvery === 1 ? slowEvery : 1);
  return new Promise((resolve) => {
    if (delay !== "-1") setTimeout(resolve, ms);
  });
};

/** Every client is a member: as it was granted, or as everybody is. */
const publish = (): void => {
  const index = handled / newsEvery - 1;
  tell("news", "-", index);
  origin.group(authorises ? "members" : "@all").publish(`news ${tag} ${index}`);
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
origin.on("assigned", ({ connection }) => tell("assigned", connection.id, 0));
origin.authorize(({ query }) => {
  const user = new URLSearchParams(query).get("user");
  return user === null ? reject(401, "no user") : { user, groups: ["members"] };
});
origin.on("message", ({ connection, data, seq }) => {
  const text = typeof data === "string" ? data : Buffer.from(data).toString();
  tell("message", connection.id, seq, text.slice(0, dataCharsMax));
  const echo = tag === undefined ? text : `${tag} ${text}`;
  connection.send(typeof data === "string" ? echo : Buffer.from(echo));
  const user = authorises ? text.split(" ", 1)[0] : undefined;
  if (connection.user !== user) tell(`${connection.id} is ${connection.user}, and says ${text}`);
  handled++;
  if (handled % newsEvery === 0) publish();
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
