/** A job that was taken and is not done after this time is given to another worker. */
export const visibilityMs = 5_000;

/** How long a worker waits for a node: so much shorter that it has answered before. */
export const answerMs = 2_000;

/** What a client did, as the queue gives it to a worker. */
export interface Job {
  readonly id: string;
  readonly kind: "open" | "message";
  readonly connection: string;
  readonly text: string;
}
