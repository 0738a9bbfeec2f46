import { endings } from "./endings.ts";
import { moves } from "./moves.ts";
import type { Part } from "./mutant.ts";
import { origins } from "./origins.ts";
import { streams } from "./streams.ts";

/** All that is tried, in the order of the pages. */
export const parts: readonly Part[] = [streams, moves, endings, origins];
