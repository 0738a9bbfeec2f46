/**
 * The events of the original service, byte by byte: recorded from a run with one client
 * (theaaf/websocket-service, built with Go 1.24 and json-iterator 1.1.12).
 */
export interface OriginalEvents {
  readonly established: (subprotocol: string) => string;
  /** The text as a JSON string. */
  readonly message: (json: string) => string;
  readonly binary: (base64: string) => string;
  readonly closed: string;
  readonly keepAlives: (ids: readonly string[]) => string;
}

/** Events of the connection with this id, in base64. */
export function originalEvents(id: string): OriginalEvents {
  const begin = `{"WebSocketEvent":{"ConnectionId":"${id}",`;
  const end = '},"WebSocketKeepAlives":null}';
  const received = `${begin}"ConnectionEstablished":null,"ConnectionClosed":null,`;
  return {
    established: (subprotocol) =>
      `${begin}"ConnectionEstablished":{"Subprotocol":"${subprotocol}"},` +
      `"ConnectionClosed":null,"MessageReceived":null${end}`,
    message: (json) => `${received}"MessageReceived":{"Binary":null,"Text":${json}}${end}`,
    binary: (base64) => `${received}"MessageReceived":{"Binary":"${base64}","Text":null}${end}`,
    closed:
      `${begin}"ConnectionEstablished":null,"ConnectionClosed":{},` +
      `"MessageReceived":null${end}`,
    keepAlives: (ids) => {
      const alive = ids.map((one) => `{"ConnectionId":"${one}"}`).join(",");
      return `{"WebSocketEvent":null,"WebSocketKeepAlives":[${alive}]}`;
    },
  };
}

/** Texts, and the JSON strings that the original writes for them. */
export const originalStrings: readonly (readonly [text: string, json: string])[] = [
  ["", '""'],
  ["hello", '"hello"'],
  ["é €😀", '"é €😀"'],
  ['"\\/', '"\\"\\\\/"'],
  ["\n\r\t", '"\\n\\r\\t"'],
  ["\b\f", '"\\u0008\\u000c"'],
  ["\\b\\f", '"\\\\b\\\\f"'],
  ["\\\b", '"\\\\\\u0008"'],
  ["\0\x1f\x7f", '"\\u0000\\u001f\x7f"'],
  ["<a href='x'>&</a>", "\"\\u003ca href='x'\\u003e\\u0026\\u003c/a\\u003e\""],
  ["\u2028\u2029", '"\\u2028\\u2029"'],
  ["\u2027\u202a\ufeff\uffff", '"\u2027\u202a\ufeff\uffff"'],
];

/** Bytes in hex, and the base64 that the original writes for them. */
export const originalBinaries: readonly (readonly [hex: string, base64: string])[] = [
  ["0001fbff", "AAH7/w=="],
  ["", ""],
];
