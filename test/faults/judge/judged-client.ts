import type { JudgedClient } from "../evidence/judged.ts";

/** One that sent three messages and closed its connection, for tests of the judges. */
export const judgedClient: JudgedClient = {
  ...{
    label: "c1",
    node: "n1",
    sent: 3,
    read: 0,
    survived: true,
    leaving: true,
    closeCode: 1_000,
  },
  echoes: new Map(),
  strange: 0,
  listenedUntil: 0,
  openedAt: 0,
  news: new Map(),
};
