import type { HandshakeRefusal, HandshakeRequest } from "../ports/mod.ts";
import { refuse } from "./refuse.ts";

/** What is wrong with the request line or with what follows the headers, of a handshake. */
export function refuseRequest(request: HandshakeRequest): HandshakeRefusal | undefined {
  const { httpVersion = "1.1", target = "" } = request;
  // RFC 6455, 4.2.1, 1: HTTP/1.1 or higher; RFC 9112, 2.5: 1.x is all that this syntax is for.
  if (httpVersion !== "1.1") {
    const statusCode = httpVersion === "1.0" ? 400 : 505;
    return refuse(statusCode, "handshake-http", "a WebSocket is opened by an HTTP/1.1 request");
  }
  if (bends(target)) {
    return refuse(
      400,
      "handshake-target",
      "the target must have no dot segments, no backslash and no fragment",
    );
  }
  // What the body's bytes are would be a matter of opinion: a proxy's, and ours.
  const length = request.header("content-length")?.trim() ?? "0";
  if (length !== "0" || request.header("transfer-encoding") !== undefined) {
    return refuse(400, "handshake-body", "the request of a handshake has no body");
  }
  return undefined;
}

/**
 * Whether the rules of the URL standard make another path of the target: what a proxy has judged
 * by its path would lead elsewhere.
 */
function bends(target: string): boolean {
  if (target.includes("#")) return true;
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  if (path.includes("\\")) return true;
  return path.split("/").some((segment) => {
    // Longer ones are none: two dots, each percent-encoded.
    if (segment.length > 6) return false;
    const plain = segment.toLowerCase().replaceAll("%2e", ".");
    return plain === "." || plain === "..";
  });
}
