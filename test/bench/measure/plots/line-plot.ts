/** One line of a plot: points of x and y. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotTexts {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Where there are marks on the x axis, and what stands there; else at round figures. */
  readonly xTicks?: readonly (readonly [x: number, text: string])[];
  /** The y axis is logarithmic, and all figures are above zero. */
  readonly yLog?: boolean;
}

/** Names of lines that stand beside each other. */
const namesInRow = 4;
const nameRowHeight = 18;

const [width, height] = [760, 420];
const [left, right, bottom] = [70, 36, 60];

/** The next step of 1, 2 or 5 times a power of ten that divides a range into at most ten. */
export function stepOf(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 10));
  return power * ([1, 2, 5, 10].find((times) => range / (times * power) <= 10) ?? 10);
}

interface Scale {
  /** Where a figure stands, from 0 at the bottom to 1. */
  readonly part: (y: number) => number;
  readonly marks: readonly number[];
}

type Points = readonly (readonly [x: number, y: number])[];

function linearScale(points: Points): Scale {
  const most = Math.max(...points.map(([, y]) => y)) * 1.1;
  return { part: (y) => y / most, marks: roundTicks(most).map(([y]) => y) };
}

/** From one power of ten to another. */
function logScale(points: Points): Scale {
  const logs = points.map(([, y]) => Math.log10(y));
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const marks = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  return {
    part: (y) => (Math.log10(y) - low) / Math.max(1, high - low),
    marks: marks.map((mark) => Number(mark.toPrecision(1))),
  };
}

function roundTicks(xMax: number): [number, string][] {
  const step = stepOf(xMax);
  const count = Math.floor(xMax / step) + 1;
  return Array.from({ length: count }, (_, index) => [index * step, `${index * step}`]);
}

/** A line plot as SVG; axes that are not logarithmic begin at zero. */
export function linePlot(lines: readonly Line[], texts: PlotTexts): string {
  const top = 32 + Math.ceil(lines.length / namesInRow) * nameRowHeight;
  const points = lines.flatMap((line) => line.points);
  const xMax = Math.max(...points.map(([x]) => x));
  const scale = texts.yLog === true ? logScale(points) : linearScale(points);
  const at = (x: number): string => (left + (x / xMax) * (width - left - right)).toFixed(1);
  const up = (y: number): string =>
    (height - bottom - scale.part(y) * (height - top - bottom)).toFixed(1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${texts.title}</title>`,
    "<style>text { font: 13px sans-serif; fill: #222 }</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="20" style="font-weight: bold">${texts.title}</text>`,
  ];
  for (const y of scale.marks) {
    parts.push(`<path d="M${left} ${up(y)}H${width - right}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 8}" y="${Number(up(y)) + 4}" text-anchor="end">${y}</text>`);
  }
  for (const [x, text] of texts.xTicks ?? roundTicks(xMax)) {
    const place = `x="${at(x)}" y="${height - bottom + 18}" text-anchor="middle"`;
    parts.push(`<path d="M${at(x)} ${height - bottom}v4" stroke="#222"/>`);
    parts.push(`<text ${place}>${text}</text>`);
  }
  const middle = (left + width - right) / 2;
  parts.push(`<text x="${middle}" y="${height - 18}" text-anchor="middle">${texts.x}</text>`);
  const turned = `transform="rotate(-90 18 ${height / 2})" text-anchor="middle"`;
  parts.push(`<text x="18" y="${height / 2}" ${turned}>${texts.y}</text>`);
  lines.forEach(({ name, colour, dashed, points: own }, index) => {
    const path = own.map(([x, y]) => `${at(x)},${up(y)}`).join(" ");
    const stroke = `stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="7 5"' : ""}`;
    parts.push(`<polyline points="${path}" fill="none" ${stroke}/>`);
    const x = left + (index % namesInRow) * 170;
    const row = 36 + Math.floor(index / namesInRow) * nameRowHeight;
    const text = `<text x="${x + 30}" y="${row + 4}">${name}</text>`;
    parts.push(`<path d="M${x} ${row}h24" ${stroke}/>${text}`);
  });
  return `${[...parts, "</svg>"].join("\n")}\n`;
}
