import { el, setText, svg } from "./dom.mjs";

/** Samples of a plot: ten minutes, however long the page is open. */
const samplesMax = 300;
const [width, height] = [300, 80];

/** The last values of one series. Its memory does not grow. */
export class Ring {
  #values = new Float64Array(samplesMax);
  #next = 0;
  size = 0;

  push(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % samplesMax;
    this.size = Math.min(this.size + 1, samplesMax);
  }

  get last() {
    return this.size === 0 ? undefined : this.at(this.size - 1);
  }

  /** From the oldest, 0. */
  at(index) {
    return this.#values[(this.#next - this.size + index + samplesMax) % samplesMax];
  }

  get max() {
    let max = 0;
    for (let index = 0; index < this.size; index++) max = Math.max(max, this.at(index));
    return max;
  }

  /** Points of a line in a box, the newest at its right end. */
  points(top) {
    const step = width / (samplesMax - 1);
    const points = [];
    for (let index = 0; index < this.size; index++) {
      const x = width - (this.size - 1 - index) * step;
      const y = height - 2 - (this.at(index) / top) * (height - 8);
      points.push(`${x.toFixed(1)},${y.toFixed(1)}`);
    }
    return points.join(" ");
  }
}

/** A plot of one or two series over the last ten minutes. */
export class Plot {
  #rings;
  #lines;
  #values;
  #top;
  #write;

  /** `series`: names; `write` makes a text of a value. */
  constructor(title, series, write) {
    this.#write = write;
    this.#rings = series.map(() => new Ring());
    this.#lines = series.map((_, index) => svg("polyline", { class: `line line-${index}` }));
    this.#values = series.map(() => el("b", {}, "–"));
    this.#top = el("span", { class: "top quiet" }, "");
    const legend = series.map((name, index) =>
      el("span", { class: `key key-${index}` }, `${name} `, this.#values[index]),
    );
    const box = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("line", { class: "base", x1: 0, x2: width, y1: height - 2, y2: height - 2 }),
      ...this.#lines,
    );
    this.element = el(
      "figure",
      { class: "plot" },
      el("figcaption", {}, el("span", {}, title), this.#top),
      box,
      el("div", { class: "legend" }, ...legend),
    );
  }

  push(values) {
    for (const [index, value] of values.entries()) this.#rings[index].push(value);
  }

  draw() {
    const max = Math.max(...this.#rings.map((ring) => ring.max));
    setText(this.#top, `10 min, max ${this.#write(max)}`);
    // What is below 1 is drawn as little.
    const top = Math.max(1, max);
    for (const [index, ring] of this.#rings.entries()) {
      this.#lines[index].setAttribute("points", ring.points(top));
      if (ring.last !== undefined) setText(this.#values[index], this.#write(ring.last));
    }
  }
}
