import { getSystemErrorName } from "node:util";
import { limits, parseJson } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import { basicCredentials } from "../system/mod.ts";

/** Why an endpoint gave no usable answer. The message contains nothing that it sent. */
export class EndpointFault extends Error {
  override readonly name: string = "EndpointFault";
}

export interface FetchOptions {
  readonly clock: Clock;
  /** Ends the request early. */
  readonly signal: AbortSignal;
}

/**
 * Fetches a JSON document, within `limits.jwksTimeoutMs` and `limits.jwksBytesMax`. Rejects with
 * `EndpointFault`.
 */
export async function fetchJson(url: URL, { clock, signal }: FetchOptions): Promise<unknown> {
  const request = new AbortController();
  let stop: (sentence: string) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    // The wait ends at once, even if the runtime takes time to abort the request.
    stop = (sentence) => reject(new EndpointFault(sentence));
  });
  const closed = (): void => stop("did not answer before the node stopped");
  signal.addEventListener("abort", closed);
  const cancel = clock.after(limits.jwksTimeoutMs, () => {
    stop(`did not answer within ${limits.jwksTimeoutMs} ms`);
  });
  try {
    return parse(await Promise.race([load(url, request.signal), late]));
  } finally {
    cancel();
    signal.removeEventListener("abort", closed);
    request.abort();
  }
}

/** Asks for a JSON document. Rejects with the runtime's error. */
export function requestJson(url: URL, signal: AbortSignal): Promise<Response> {
  const address = new URL(url);
  address.username = "";
  address.password = "";
  // `fetch` refuses a URL that contains a user and a password.
  const authorization = basicCredentials(url);
  const headers = {
    accept: "application/json",
    ...(authorization === undefined ? {} : { authorization }),
  };
  // No redirects: only the address that the operator set may say which keys are valid.
  return fetch(address, { headers, redirect: "manual", signal });
}

async function load(url: URL, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const response = await requestJson(url, signal);
    if (response.status !== 200) {
      throw new EndpointFault(`answered with status ${response.status}`);
    }
    return await readBody(response);
  } catch (error) {
    if (error instanceof EndpointFault) throw error;
    throw new EndpointFault(`cannot be reached${systemCode(error)}`);
  }
}

/** Limits the decompressed size, so that a small compressed answer cannot fill the memory. */
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
  return Buffer.concat(chunks);
}

function parse(body: Uint8Array): unknown {
  const value = parseJson(body);
  if (value === undefined) throw new EndpointFault("answered with something other than JSON");
  return value;
}

/** Such as ` (ECONNREFUSED)`. The message of a runtime is not used: it may repeat the URL. */
function systemCode(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const codes = [cause?.code, code, numberedCode(cause)];
  const found = codes.find((it) => typeof it === "string" && /^\w{1,64}$/.test(it));
  return found === undefined ? "" : ` (${String(found)})`;
}

/** Deno's cause has no code, but ends with the system's number, as Rust writes it. */
function numberedCode(cause: unknown): string | undefined {
  const message = cause instanceof Error ? cause.message : "";
  const number = Number(/ \(os error (\d{1,5})\)$/.exec(message)?.[1] ?? 0);
  return number > 0 ? getSystemErrorName(-number) : undefined;
}
