/** The width of help in columns. */
export const columnsMax = 100;
/** The width of the left column, where nothing in it is wider. */
const leftMax = 30;

/** A text in lines of at most `columnsMax`, each after `indent`. */
export function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > columnsMax) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line];
}

/** Two columns: names, and what they are. A name that is too wide stands on a line of its own. */
export function columns(rows: readonly (readonly [name: string, about: string])[]): string[] {
  const widths = rows.map(([name]) => name.length).filter((width) => width <= leftMax);
  const width = Math.max(0, ...widths) + 4;
  return rows.flatMap(([name, about]) => {
    const [first = "", ...more] = wrapped(about, " ".repeat(width));
    const head = `  ${name}`;
    if (head.length + 2 > width) return [head, first, ...more];
    return [head.padEnd(width) + first.slice(width), ...more];
  });
}
