import {
  type HttpAnswer,
  HttpClient,
  type HttpClientOptions,
} from "../../../adapters/http-client/mod.ts";
import { SystemClock } from "../../../adapters/system/mod.ts";

export interface OneQuestion {
  /** With a body it is a POST, without one a GET. */
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks a server once, and leaves no connection open. Rejects with an `HttpError`. Unlike `fetch`
 * it reaches the ports that browsers refuse, and its errors are the same on all runtimes.
 */
export async function askOnce(
  url: string,
  { body, headers = {} }: OneQuestion,
  options: HttpClientOptions,
): Promise<HttpAnswer> {
  const client = new HttpClient(options, { clock: new SystemClock() });
  try {
    if (body === undefined) return await client.get(url, { headers });
    return await client.post(url, { body, headers });
  } finally {
    client.close();
  }
}
