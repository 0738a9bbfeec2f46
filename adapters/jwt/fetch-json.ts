import { limits } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";

/** Why an endpoint gave nothing of use: a sentence without anything that it sent. */
export class EndpointFault extends Error {
  override readonly name: string = "EndpointFault";
}

export interface FetchOptions {
  readonly clock: Clock;
  /** Ends the wait early. */
  readonly signal: AbortSignal;
}

/**
 * Gets a JSON document, within `limits.jwksTimeoutMs` and `limits.jwksBytesMax`. Throws
 * `EndpointFault`.
 */
export async function fetchJson(url: URL, { clock, signal }: FetchOptions): Promise<unknown> {
  const request = new AbortController();
  let stop: (sentence: string) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    // The wait ends here and now, however long a runtime takes to abort.
    stop = (sentence) => reject(new EndpointFault(sentence));
  });
  const closed = (): void => stop("is not asked any more");
  signal.addEventListener("abort", closed);
  const cancel = clock.after(limits.jwksTimeoutMs, () => {
    stop(`has not answered within ${limits.jwksTimeoutMs} ms`);
  });
  try {
    return parse(await Promise.race([load(url, request.signal), late]));
  } finally {
    cancel();
    signal.removeEventListener("abort", closed);
    request.abort();
  }
}

async function load(url: URL, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const address = new URL(url);
    [address.username, address.password] = ["", ""];
    const headers = { accept: "application/json", ...credentials(url) };
    // What answers for another address than the operator's does not say who may connect.
    const response = await fetch(address, { headers, redirect: "manual", signal });
    if (response.status !== 200) {
      throw new EndpointFault(`answered with status ${response.status}`);
    }
    return await readBody(response);
  } catch (error) {
    if (error instanceof EndpointFault) throw error;
    throw new EndpointFault(`cannot be reached${systemCode(error)}`);
  }
}

/** Counts what is unpacked, so that a small answer cannot grow large either. */
async function readBody(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let step = await reader?.read(); step?.value !== undefined; step = await reader?.read()) {
    length += step.value.length;
    if (length > limits.jwksBytesMax) {
      throw new EndpointFault(`answered with more than ${limits.jwksBytesMax} bytes`);
    }
    chunks.push(step.value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new EndpointFault("answered with something that is no JSON");
  }
}

/** RFC 7617: `fetch` takes no URL with a user and password in it. */
function credentials({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const bytes = new TextEncoder().encode(`${plain(username)}:${plain(password)}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Such as ` (ECONNREFUSED)`: the runtimes' texts may repeat the URL. */
function systemCode(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const found = [cause?.code, code].find((it) => typeof it === "string" && /^\w{1,64}$/.test(it));
  return found === undefined ? "" : ` (${String(found)})`;
}
