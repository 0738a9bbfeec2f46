/** One quantity, looked at again and again while nothing about the load changes. */
export interface Series {
  readonly name: string;
  readonly samples: readonly number[];
  /** It may grow by so much beside the share that is allowed to all. */
  readonly slack: number;
}

export interface Growth {
  readonly name: string;
  /** Medians of the second fifth, when all is warm, and of the last. */
  readonly from: number;
  readonly to: number;
  readonly grows: boolean;
}

/** What a quantity may grow by between two fifths of a run without being called a leak. */
const shareMax = 0.08;
const samplesMin = 10;

/** Throws where there are too few samples to tell. */
export function growthOf({ name, samples, slack }: Series): Growth {
  const fifth = Math.floor(samples.length / 5);
  if (samples.length < samplesMin)
    throw new Error(`${name}: ${samples.length} samples are too few`);
  const from = median(samples.slice(fifth, 2 * fifth));
  const to = median(samples.slice(-fifth));
  return { name, from, to, grows: !(to <= from * (1 + shareMax) + slack) };
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function growthTable(growths: readonly Growth[]): string {
  const rows = growths.map(({ name, from, to, grows }) => {
    const change = `${to >= from ? "+" : ""}${(((to - from) / from) * 100).toFixed(1)} %`;
    const [before, after] = [from, to].map((one) => Math.round(one).toLocaleString("en"));
    return `| ${name} | ${before} | ${after} | ${change} | ${grows ? "grows" : "flat"} |`;
  });
  const head = ["| | second fifth | last fifth | change | |", "|---|---:|---:|---:|---|"];
  return [...head, ...rows].join("\n");
}
