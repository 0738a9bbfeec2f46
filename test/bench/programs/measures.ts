/** Times what the hot path does for metrics, traces and console. Prints nanoseconds of each. */
import process from "node:process";
import { PrometheusMetrics } from "../../../adapters/metrics/mod.ts";
import { histogramBounds } from "../../../core/ports/mod.ts";
import { median, race } from "../measure/timing.ts";

const rounds = 9;
const metrics = new PrometheusMetrics();
const counter = metrics.counter("bench_counter_total", "Counted");
const histogram = metrics.histogram("bench_seconds", "Observed", histogramBounds.seconds);
// From the first bucket to beyond the last.
const values = Float64Array.from({ length: 1_024 }, (_, index) => 1.02 ** index * 1e-6);
const tap = { isOpen: false };
let seen = 0;

const timings = race(
  [
    {
      name: "addition",
      run: (operations): void => {
        for (let i = 0; i < operations; i++) counter.add(i & 7);
      },
    },
    {
      name: "observation",
      run: (operations): void => {
        for (let i = 0; i < operations; i++) histogram.observe(values[i & 1_023]!);
      },
    },
    {
      name: "look",
      run: (operations): void => {
        for (let i = 0; i < operations; i++) if (tap.isOpen) seen += 1;
      },
    },
  ],
  rounds,
);
// What nobody reads could be left out by a compiler.
if (seen > 0 || !metrics.render().includes("bench_seconds_count")) throw new Error("unreachable");
const nanoseconds = Object.fromEntries(timings.map((one) => [one.name, median(one)]));
process.stdout.write(`${JSON.stringify({ event: "timed", ...nanoseconds })}\n`);
