export interface HttpAnswer {
  /** Redirects are not followed: 3xx is a status as any other. */
  readonly status: number;
  /** By names in lower case. A repeated header's values are joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** In lower case, without parameters: `application/json`. */
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}
