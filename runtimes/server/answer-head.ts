import { headerValuePattern, tokenPattern } from "../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";

/** RFC 9112, 6: they frame the answer, so the runtime sets them. */
const framing: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "trailer",
  "transfer-encoding",
]);
/** RFC 9110, 15: answers without a body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Whether the answer's headers and status can be written without changing its meaning. */
export function isWritable(answer: HandshakeAnswer): boolean {
  const { accepted, headers = {} } = answer;
  const whole = Object.entries(headers).every(([name, value]) => {
    const lower = name.toLowerCase();
    return (
      tokenPattern.test(name) &&
      headerValuePattern.test(value) &&
      !framing.has(lower) &&
      !(accepted && isOurs(lower))
    );
  });
  return whole && (accepted || isStatus(answer.statusCode));
}

/** RFC 6455, 4.2.2: the headers of the 101 answer, which the runtime sets. */
function isOurs(name: string): boolean {
  return name === "upgrade" || name.startsWith("sec-websocket-");
}

function isStatus(code: number): boolean {
  return Number.isInteger(code) && code >= 200 && code <= 599 && !bodiless.has(code);
}
