/** An HTTP origin in the form `batch`. */
export interface BatchOptions {
  /** The app whose connections it serves. */
  readonly app: string;
  /** Its name as an origin. */
  readonly name: string;
  /** First level of every topic. */
  readonly root: string;
  /** Items that each node may send before the first is confirmed. */
  readonly window: number;
  /** Items in one request. */
  readonly itemsMax: number;
  /** How long a failed request is tried again before the origin leaves. */
  readonly retryMs: number;
  /** Whether commands in answers are carried out besides decisions on handshakes. */
  readonly replies: boolean;
}
