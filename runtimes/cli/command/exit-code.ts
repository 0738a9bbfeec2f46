/** Exit codes of the program; `docs/operating/starting.md` lists them. */
export const ExitCode = {
  /** It ended because it was asked to. */
  clean: 0,
  /** It failed while it was running. */
  failure: 1,
  /** A flag, a setting or a file that it names is wrong. */
  usage: 2,
} as const;
