import process from "node:process";

/**
 * Measures items in turns, forth and back, so that what slows the machine down for a while
 * favours none. Gives the figures of each, a round each. What fails is tried once more.
 */
export async function inTurns<Item, Figure>(
  items: readonly Item[],
  rounds: number,
  measure: (item: Item) => Promise<Figure>,
): Promise<Figure[][]> {
  const figures = items.map((): Figure[] => []);
  for (let round = 0; round < rounds; round++) {
    const turns = [...items.entries()];
    if (round % 2 === 1) turns.reverse();
    for (const [index, item] of turns) {
      const figure = await measure(item).catch((error) => {
        process.stderr.write(`bench: ${JSON.stringify(item)} failed, once more: ${error.stack}\n`);
        return measure(item);
      });
      figures[index]!.push(figure);
    }
  }
  return figures;
}
