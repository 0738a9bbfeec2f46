/** What a client did, as the queue gives it to a worker. */
export interface Job {
  readonly id: string;
  readonly kind: "open" | "message";
  readonly connection: string;
  readonly text: string;
}
