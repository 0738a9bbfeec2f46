import { createHmac } from "node:crypto";
import { fromBase64 } from "../../http-wire/mod.ts";

/** The headers of a signed request (Standard Webhooks 1.0). */
export type SignatureHeaders = Readonly<
  Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>
>;

const prefix = "whsec_";

/**
 * Signs requests with HMAC-SHA256 over id, time and body. A secret is `whsec_` and base64, or any
 * other text, whose UTF-8 is the key. Several secrets, with blanks between them, sign side by
 * side, so that a receiver may change from one to the next.
 */
export class Signer {
  readonly #keys: readonly Uint8Array[];

  constructor(secrets: string) {
    this.#keys = secrets.split(" ").filter(Boolean).map(keyOf);
  }

  /** `id` stays the same when a request is sent again; `now` is in milliseconds. */
  sign(id: string, now: number, body: string | Uint8Array): SignatureHeaders {
    const seconds = String(Math.floor(now / 1_000));
    const signatures = this.#keys.map((key) => {
      const mac = createHmac("sha256", key).update(`${id}.${seconds}.`).update(body);
      return `v1,${mac.digest("base64")}`;
    });
    return {
      "webhook-id": id,
      "webhook-timestamp": seconds,
      "webhook-signature": signatures.join(" "),
    };
  }
}

function keyOf(secret: string): Uint8Array {
  const key = secret.startsWith(prefix) ? fromBase64(secret.slice(prefix.length)) : undefined;
  return key ?? new TextEncoder().encode(secret);
}
