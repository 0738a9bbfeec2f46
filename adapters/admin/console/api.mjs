const tokenKey = "admin-token";

/** What the node refused, or that it cannot be reached (`code` is empty). */
export class ApiError extends Error {
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function setToken(token) {
  sessionStorage.setItem(tokenKey, token);
}

function headers() {
  const token = sessionStorage.getItem(tokenKey);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Milliseconds that an answer may take. */
const answerMs = 15_000;

/** The answer of `GET /admin/PATH`. Throws an `ApiError`. */
export function read(path) {
  return ask(path, { headers: headers() });
}

/** The answer of a POST of `body` as JSON. */
export function act(path, body) {
  const json = { "content-type": "application/json" };
  return ask(path, {
    method: "POST",
    headers: { ...headers(), ...json },
    body: JSON.stringify(body),
  });
}

async function ask(path, request) {
  const signal = AbortSignal.timeout(answerMs);
  const response = await reach(path, { ...request, signal });
  return (await answerOf(response)) ?? {};
}

async function reach(path, request) {
  try {
    return await fetch(`/admin/${path}`, { ...request, cache: "no-store" });
  } catch (error) {
    if (request.signal.aborted && error.name === "AbortError") throw error;
    throw new ApiError("", "the node cannot be reached", 0);
  }
}

async function answerOf(response) {
  const body = await response.json().catch(() => undefined);
  if (response.ok) return body;
  throw new ApiError(body?.code ?? "", body?.message ?? response.statusText, response.status);
}

/** Follows a tail until it ends or is aborted. `on` takes each event by its name. */
export async function follow(query, on, signal) {
  const response = await reach(`tail?${query}`, { headers: headers(), signal });
  if (!response.ok) await answerOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) on(event, JSON.parse(data));
    }
  }
}
