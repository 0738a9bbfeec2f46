/** One item of a `Sec-WebSocket-Extensions` header. */
interface ExtensionOffer {
  readonly name: string;
  /** Values by parameter; empty for a parameter without a value. */
  readonly parameters: ReadonlyMap<string, string>;
  /** A parameter occurs twice or has an empty value. */
  readonly broken: boolean;
}

// RFC 9110, 5.6.2 and 5.6.4. Sticky, so that the time is linear in the length of the header.
const TOKEN = /[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]*/y;
const VALUE = /=[\t ]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"([^"\\]*)")[\t ]*/y;

/** Neither side keeps its compression context between messages (RFC 7692, 7.1.1). */
const deflateAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/**
 * The answer to the first offer of permessage-deflate that we support (RFC 7692, 7.1); undefined
 * if there is none. A malformed header counts as no offer: messages are not compressed then.
 */
export function answerDeflate(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const offer = parseExtensions(header).find(isSupported);
  if (offer === undefined) return undefined;
  // RFC 7692, 7.1.2.1: the answer to an offer with this parameter must contain it.
  const fullWindow = offer.parameters.has("server_max_window_bits");
  return fullWindow ? `${deflateAnswer}; server_max_window_bits=15` : deflateAnswer;
}

function isSupported(offer: ExtensionOffer): boolean {
  if (offer.name !== "permessage-deflate" || offer.broken) return false;
  for (const [name, value] of offer.parameters) {
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        if (value !== "") return false;
        break;
      case "client_max_window_bits":
        // 7.1.2.2: a hint that the client can use a smaller window. Without an answer it need not.
        if (value !== "" && !windowBits(value)) return false;
        break;
      case "server_max_window_bits":
        // 7.1.2.1: an accepted value is binding, and we only use the full window.
        if (value !== "15") return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

function windowBits(value: string): boolean {
  return /^(?:[89]|1[0-5])$/.test(value);
}

function parseExtensions(header: string): ExtensionOffer[] {
  const offers: ExtensionOffer[] = [];
  let at = 0;
  while (at < header.length) {
    const name = tokenAt(header, at);
    if (name === undefined) return [];
    at = TOKEN.lastIndex;
    const parameters = new Map<string, string>();
    let broken = false;
    while (header[at] === ";") {
      const parameter = tokenAt(header, at + 1);
      if (parameter === undefined) return [];
      at = TOKEN.lastIndex;
      let value = "";
      if (header[at] === "=") {
        VALUE.lastIndex = at;
        const match = VALUE.exec(header);
        if (match === null) return [];
        at = VALUE.lastIndex;
        value = match[1] ?? match[2] ?? "";
        broken ||= value === "";
      }
      broken ||= parameters.has(parameter);
      parameters.set(parameter, value);
    }
    offers.push({ name, parameters, broken });
    if (at < header.length && header[at] !== ",") return [];
    at += 1;
  }
  return offers;
}

function tokenAt(header: string, at: number): string | undefined {
  TOKEN.lastIndex = at;
  return TOKEN.exec(header)?.[1];
}
