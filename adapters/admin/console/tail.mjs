import { ApiError, follow } from "./api.mjs";
import { el, setText } from "./dom.mjs";
import { bytes, clock } from "./format.mjs";

/** Lines that the page keeps, and lines that wait to be drawn. */
const linesMax = 300;
const waitingMax = 300;
/** The wait before a tail that was cut is opened again. */
const againMs = 2_000;
/** Refusals that the next attempt would get too. */
const forGood = new Set(["id-gone", "wrong-node"]);
/** Why a tail of a connection ends with it. */
const overs = new Map([
  ["closed", "the connection is closed"],
  ["worker-died", "the worker of the connection has ended, and the connection with it"],
]);
/** Said of a group, whose other members go on. */
const missing =
  "the worker has ended, and its connections with it: lines of this node are missing " +
  "until another one has its place";
const arrows = new Map([
  ["event", "←"],
  ["gap", "…"],
]);

/** What passes on a connection or in a group. */
export class TailBox {
  #list = el("ol", { class: "tail", tabindex: "0", "aria-label": "What passes" });
  #state = el("span", { class: "quiet", role: "status" }, "connecting");
  #missed = el("span", { class: "warn" }, "");
  #button = el(
    "button",
    { type: "button", class: "plain", onclick: () => this.toggle() },
    "Pause",
  );
  #waiting = [];
  #leftOut = 0;
  #isPaused = false;
  #scheduled = false;
  #stop = new AbortController();
  #query;

  constructor(query) {
    this.#query = query;
    const head = el("div", { class: "row" }, this.#state, this.#missed, this.#button);
    this.element = el("section", { class: "card" }, el("h3", {}, "Live"), head, this.#list);
    this.#run();
  }

  close() {
    this.#stop.abort();
  }

  /** Pauses, or goes on with what comes from now on. */
  toggle() {
    if (this.#isOver) return;
    this.#isPaused = !this.#isPaused;
    setText(this.#button, this.#isPaused ? "Go on" : "Pause");
    setText(this.#state, this.#isPaused ? "paused" : "live");
  }

  async #run() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await follow(this.#query, (event, data) => this.#take(event, data), signal);
        if (this.#isOver) return;
        setText(this.#state, "connecting again");
      } catch (error) {
        if (signal.aborted) return;
        setText(this.#state, error.message);
        if (error instanceof ApiError && forGood.has(error.code)) {
          this.#state.className = "warn";
          this.#end(error.message);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }

  #isOver = false;

  #take(event, data) {
    if (event === "ready" && !this.#isPaused) setText(this.#state, "live");
    if (event === "end" && overs.has(data.reason)) this.#end(overs.get(data.reason));
    if (event === "interrupted") {
      const gap = { kind: "gap", verb: "missing", group: data.node, text: missing };
      this.#take("line", { at: Date.now(), ...gap });
    }
    if (event === "left-out") this.#miss(data.lines + data.batches + data.slow);
    if (event !== "line") return;
    if (this.#isPaused || this.#waiting.length >= waitingMax) this.#miss(1);
    else this.#waiting.push(data);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A page that nobody sees draws nothing: what waits is bounded.
    requestAnimationFrame(() => this.#draw());
  }

  /** No more comes: there is nothing to pause. */
  #end(why) {
    this.#isOver = true;
    this.#button.hidden = true;
    setText(this.#state, why);
  }

  #miss(more) {
    this.#leftOut += more;
    setText(this.#missed, `${this.#leftOut} not shown`);
  }

  #draw() {
    this.#scheduled = false;
    const list = this.#list;
    const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
    list.append(...this.#waiting.splice(0).map(lineOf));
    while (list.childElementCount > linesMax) list.firstElementChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }
}

function lineOf(line) {
  const { at, kind, verb, connection, seq, group, sender, text, binary, cut, details } = line;
  const payload = text ?? (binary === undefined ? undefined : `0x${binary}`);
  const shown = payload ?? (details === undefined ? "" : JSON.stringify(details));
  const whom = group ?? (kind === "command" ? sender : connection);
  return el(
    "li",
    { "data-kind": kind },
    el("time", {}, clock(at)),
    el("b", {}, `${arrows.get(kind) ?? "→"} ${verb}`),
    el("span", { class: "quiet" }, [whom, seq === undefined ? "" : `#${seq}`].join(" ").trim()),
    el("code", {}, shown, cut ? "…" : ""),
    el("span", { class: "quiet size" }, line.bytes === undefined ? "" : bytes(line.bytes)),
  );
}
