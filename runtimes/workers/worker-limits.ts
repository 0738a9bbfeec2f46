/** The limits of supervisors and workers. A name ends with the unit. */
export const workerLimits = {
  /** Period of a worker's reports: what it counted since the last one is lost with it. */
  reportEveryMs: 1_000,
  /** How long the admin port waits for fresh reports before it answers with the last ones. */
  reportWaitMs: 500,
  /** Time for the answer to an operator's question: more than a search may take. */
  answerMs: 5_000,
  /** Reports that fail to come before a worker is killed: it hangs, and serves nobody. */
  reportsMissedMax: 30,
  /** The same for one that does not serve yet: a busy machine may take long to start a process. */
  startReportsMissedMax: 120,
  /** A worker that ends after less counts as failed again: it starts after a longer wait. */
  stableMs: 10_000,
  /** The first failure costs no wait; the wait after each further one in a row doubles. */
  restartMsMin: 250,
  restartMsMax: 10_000,
  /** What a worker may take to stop besides its drain period: confirmations, requests, links. */
  stopMsMax: 20_000,
} as const;
