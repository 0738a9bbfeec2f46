import { stepOf } from "./line-plot.ts";

export interface Bar {
  readonly name: string;
  /** A figure for each round: the bar ends at the median, a thin line shows the rest. */
  readonly rounds: readonly number[];
}

export interface BarTexts {
  readonly title: string;
  readonly show: (figure: number) => string;
}

const [width, left, right, top, rowHeight, bottom] = [820, 300, 80, 46, 26, 40];

const plain = (text: string): string =>
  text.replaceAll("`", "").replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Horizontal bars as SVG, from zero. */
export function barPlot(bars: readonly Bar[], { title, show }: BarTexts): string {
  const height = top + bars.length * rowHeight + bottom;
  const most = Math.max(...bars.flatMap(({ rounds }) => rounds)) || 1;
  const at = (figure: number): string =>
    (left + (figure / most) * (width - left - right)).toFixed(1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${plain(title)}</title>`,
    "<style>text { font: 13px sans-serif; fill: #222 }</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="14" y="26" style="font-weight: bold">${plain(title)}</text>`,
  ];
  for (let figure = 0; figure <= most; figure += stepOf(most)) {
    const bottomLine = top + bars.length * rowHeight;
    parts.push(`<path d="M${at(figure)} ${top - 6}V${bottomLine}" stroke="#ddd"/>`);
    const place = `x="${at(figure)}" y="${bottomLine + 18}" text-anchor="middle"`;
    parts.push(`<text ${place}>${figure === 0 ? "0" : show(figure)}</text>`);
  }
  bars.forEach(({ name, rounds }, index) => {
    const sorted = [...rounds].sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1] ?? 0;
    const y = top + index * rowHeight;
    parts.push(`<text x="${left - 8}" y="${y + 15}" text-anchor="end">${plain(name)}</text>`);
    const size = `width="${(Number(at(middle)) - left).toFixed(1)}" height="${rowHeight - 8}"`;
    parts.push(`<rect x="${left}" y="${y + 1}" ${size} fill="#7fb0d8"/>`);
    const [low = 0, high = 0] = [sorted[0], sorted.at(-1)];
    const line = `M${at(low)} ${y + 10}H${at(high)}`;
    parts.push(`<path d="${line}" stroke="#0b4a7a" stroke-width="2"/>`);
    parts.push(`<text x="${Number(at(high)) + 6}" y="${y + 15}">${show(middle)}</text>`);
  });
  return `${[...parts, "</svg>"].join("\n")}\n`;
}
