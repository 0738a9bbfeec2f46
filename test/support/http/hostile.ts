import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** What a hostile back end does with a request, and the code that is counted. */
export interface Hostile {
  readonly name: string;
  readonly react: (response: ServerResponse) => void;
  readonly code: string;
}

/** `bytes`: more than an answer may have. */
export function hostile(bytes: number): readonly Hostile[] {
  const all: readonly (readonly [name: string, react: Hostile["react"], code: string])[] = [
    ["never answers", () => {}, "http-timeout"],
    [
      "answers 200 with too much",
      (response) => void response.end(Buffer.alloc(bytes, "x")),
      "http-answer-too-big",
    ],
    [
      "answers 200 with too much, without a length",
      (response) => {
        for (let piece = 0; piece < 100; piece++) response.write(Buffer.alloc(bytes / 100, "x"));
        response.end();
      },
      "http-answer-too-big",
    ],
    [
      "answers 200 with what unzips to too much",
      (response) => {
        response.writeHead(200, { "content-encoding": "gzip" });
        response.end(gzipSync(Buffer.alloc(bytes, "x")));
      },
      "http-answer-too-big",
    ],
    [
      "closes in mid-answer",
      (response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => response.destroy());
      },
      "http-lost",
    ],
    ["closes without an answer", (response) => void response.destroy(), "http-lost"],
    [
      "redirects",
      (response) => {
        response.writeHead(307, { location: "/elsewhere" });
        response.end();
      },
      "http-status",
    ],
    [
      "answers what is no HTTP",
      (response) => void response.socket?.end("what?\r\n\r\n"),
      "http-answer-malformed",
    ],
  ];
  return all.map(([name, react, code]) => ({ name, react, code }));
}
