/** One element of a `Sec-WebSocket-Extensions` header. */
interface ExtensionOffer {
  readonly name: string;
  /** Values by parameter; an empty string where there is none. A double one makes it `broken`. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly broken: boolean;
}

// RFC 9110, 5.6.2 and 5.6.4; sticky, so that each byte of the header is looked at once.
const TOKEN = /[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]*/y;
const VALUE = /=[\t ]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"([^"\\]*)")[\t ]*/y;

/** No context is kept between messages, on either side. */
const deflateAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/**
 * The answer to the first offer of permessage-deflate that we can serve (RFC 7692, 7.1); undefined
 * where there is none. A header that does not parse offers nothing: messages go undeflated then.
 */
export function answerDeflate(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const offer = parseExtensions(header).find(servable);
  if (offer === undefined) return undefined;
  // 7.1.2.1: who accepts an offer with it says so.
  const fullWindow = offer.parameters.has("server_max_window_bits");
  return fullWindow ? `${deflateAnswer}; server_max_window_bits=15` : deflateAnswer;
}

function servable(offer: ExtensionOffer): boolean {
  if (offer.name !== "permessage-deflate" || offer.broken) return false;
  for (const [name, value] of offer.parameters) {
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        if (value !== "") return false;
        break;
      case "client_max_window_bits":
        // 7.1.2.2: only a hint of what the client can do; not answering it means the full window.
        if (value !== "" && !windowBits(value)) return false;
        break;
      case "server_max_window_bits":
        // 7.1.2.1: it binds whoever accepts it, and we keep the full window.
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
