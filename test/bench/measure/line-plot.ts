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
}

const [width, height] = [760, 420];
const [left, right, top, bottom] = [70, 20, 50, 60];

/** The next step of 1, 2 or 5 times a power of ten that divides a range into at most ten. */
function stepOf(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 10));
  return power * ([1, 2, 5, 10].find((times) => range / (times * power) <= 10) ?? 10);
}

/** A line plot as SVG, both axes from zero. */
export function linePlot(lines: readonly Line[], texts: PlotTexts): string {
  const points = lines.flatMap((line) => line.points);
  const xMax = Math.max(...points.map(([x]) => x));
  const yMax = Math.max(...points.map(([, y]) => y)) * 1.1;
  const at = (x: number): string => (left + (x / xMax) * (width - left - right)).toFixed(1);
  const up = (y: number): string =>
    (height - bottom - (y / yMax) * (height - top - bottom)).toFixed(1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${texts.title}</title>`,
    "<style>text { font: 13px sans-serif; fill: #222 }</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="20" style="font-weight: bold">${texts.title}</text>`,
  ];
  const yStep = stepOf(yMax);
  for (let y = 0; y <= yMax; y += yStep) {
    parts.push(`<path d="M${left} ${up(y)}H${width - right}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 8}" y="${Number(up(y)) + 4}" text-anchor="end">${y}</text>`);
  }
  const xStep = stepOf(xMax);
  for (let x = 0; x <= xMax; x += xStep) {
    parts.push(`<text x="${at(x)}" y="${height - bottom + 18}" text-anchor="middle">${x}</text>`);
  }
  const middle = (left + width - right) / 2;
  parts.push(`<text x="${middle}" y="${height - 18}" text-anchor="middle">${texts.x}</text>`);
  const turned = `transform="rotate(-90 18 ${height / 2})" text-anchor="middle"`;
  parts.push(`<text x="18" y="${height / 2}" ${turned}>${texts.y}</text>`);
  lines.forEach(({ name, colour, dashed, points: own }, index) => {
    const path = own.map(([x, y]) => `${at(x)},${up(y)}`).join(" ");
    const stroke = `stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="7 5"' : ""}`;
    parts.push(`<polyline points="${path}" fill="none" ${stroke}/>`);
    const x = left + index * 170;
    parts.push(`<path d="M${x} 36h24" ${stroke}/><text x="${x + 30}" y="40">${name}</text>`);
  });
  return `${[...parts, "</svg>"].join("\n")}\n`;
}
