import type { JudgedClient, JudgedLife } from "../evidence/judged.ts";

/** What became of what origins published to a group that every client is a member of. */
export interface NewsVerdict {
  /** Publishes that clients received. */
  readonly news: number;
  /** Those that are missing between two of one process, or that a client stayed for. */
  readonly newsLost: number;
  /** Those that came twice, behind a later one, or of nothing. */
  readonly newsWrong: number;
}

/** Clocks of processes may be this far apart. */
const clockSkewMs = 2;

/** Judges what members received by what the origins' logs say they published. */
export function judgeNews(
  clients: readonly JudgedClient[],
  lives: readonly JudgedLife[],
  complain: (text: string) => void,
): NewsVerdict {
  let [news, newsLost, newsWrong] = [0, 0, 0];
  for (const client of clients) {
    for (const { tag, news: published, killed } of lives) {
      const got = client.news.get(tag) ?? [];
      const [first = Number.POSITIVE_INFINITY] = got;
      const last = Math.max(-1, ...got);
      const wrong = got.filter((index, at) => {
        return index >= published.length || (at > 0 && index <= got[at - 1]!);
      });
      const known = new Set(got);
      const owed = client.survived && !killed ? client.listenedUntil : 0;
      const missing = published.filter((at, index) => {
        const wasThere = at > client.openedAt + clockSkewMs && at < owed;
        return !known.has(index) && ((index > first && index < last) || wasThere);
      });
      news += got.length;
      newsLost += missing.length;
      newsWrong += wrong.length;
      if (missing.length > 0) complain(`${missing.length} news of ${tag} miss ${client.label}`);
      if (wrong.length > 0) complain(`news ${wrong} of ${tag} came wrong to ${client.label}`);
    }
  }
  return { news, newsLost, newsWrong };
}
