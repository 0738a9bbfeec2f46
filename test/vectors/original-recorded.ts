/**
 * What the original service (theaaf/websocket-service, built with Go 1.24 and json-iterator
 * 1.1.12) sent to its origin: recorded from a run with one client. `ID64` stands for the id.
 */
export interface RecordedWire {
  /** The client chose the subprotocol `test`. */
  readonly established: string;
  readonly closed: string;
  /** With one connection. */
  readonly keepAlives: string;
  /** Texts that the client sent, and the request of each. */
  readonly texts: readonly (readonly [text: string, body: string])[];
  /** Bytes that the client sent, in hex, and the request of each. */
  readonly binaries: readonly (readonly [hex: string, body: string])[];
  /** Headers of every request but `Host` and `Content-Length`. */
  readonly headers: Readonly<Record<string, string>>;
}

export const recorded: RecordedWire = {
  established:
    '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":{"Su' +
    'bprotocol":"test"},"ConnectionClosed":null,"MessageReceived":null},"We' +
    'bSocketKeepAlives":null}',
  closed:
    '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
    ',"ConnectionClosed":{},"MessageReceived":null},"WebSocketKeepAlives":n' +
    "ull}",
  keepAlives: '{"WebSocketEvent":null,"WebSocketKeepAlives":[{"ConnectionId":"ID64"}' + "]}",
  texts: [
    [
      "",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":""}},' +
        '"WebSocketKeepAlives":null}',
    ],
    [
      "hello",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"hell' +
        'o"}},"WebSocketKeepAlives":null}',
    ],
    [
      "é €😀",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"é €😀' +
        '"}},"WebSocketKeepAlives":null}',
    ],
    [
      '"\\/',
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\"\\\\' +
        '/"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\n\r\t",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\n\\r' +
        '\\t"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\b\f",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\u00' +
        '08\\u000c"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\\b\\f",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\\\b\\' +
        '\\f"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\\\b",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\\\\\u' +
        '0008"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\u0000\u001f\u007f",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\u00' +
        '00\\u001f\u007f"}},"WebSocketKeepAlives":null}',
    ],
    [
      "<a href='x'>&</a>",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\u00' +
        '3ca href=\'x\'\\u003e\\u0026\\u003c/a\\u003e"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\u2028\u2029",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\\u20' +
        '28\\u2029"}},"WebSocketKeepAlives":null}',
    ],
    [
      "\u2027\u202a\ufeff\uffff",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":null,"Text":"\u2027\u202a' +
        '\ufeff\uffff"}},"WebSocketKeepAlives":null}',
    ],
  ],
  binaries: [
    [
      "0001fbff",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":"AAH7/w==","Text"' +
        ':null}},"WebSocketKeepAlives":null}',
    ],
    [
      "",
      '{"WebSocketEvent":{"ConnectionId":"ID64","ConnectionEstablished":null' +
        ',"ConnectionClosed":null,"MessageReceived":{"Binary":"","Text":null}},' +
        '"WebSocketKeepAlives":null}',
    ],
  ],
  headers: {
    "user-agent": "Go-http-client/1.1",
    "content-type": "application/json",
    "accept-encoding": "gzip",
  },
};

/** The request as it is for the connection with this id, in base64. */
export function recordedFor(body: string, id: string): string {
  return body.replaceAll("ID64", id);
}
