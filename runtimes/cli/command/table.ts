/**
 * Rows of cells in columns as wide as their widest cell, two blanks apart. Numbers stand at the
 * right.
 */
export function table(
  rows: readonly (readonly string[])[],
  align: "left" | "right" = "left",
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
