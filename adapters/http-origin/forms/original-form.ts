import type { HttpAnswer } from "../../http-client/mod.ts";
import { base64, base64OfId, type Command } from "../../http-wire/mod.ts";
import { readDecision } from "./decision.ts";
import type {
  CloseInfo,
  EventForm,
  HandshakeInfo,
  MessageInfo,
  OriginDecision,
} from "./event-form.ts";
import { goArray, goMap, goString, goStringOrNull } from "./go-json.ts";
import { readReply } from "./read-reply.ts";

export interface OriginalFormOptions {
  /** Whether events have members that the original service did not write. */
  readonly extraFields: boolean;
}

/**
 * The form of the original service, byte by byte: Go's field names in Go's order, and `null` for
 * what is absent. Further members stand behind the original's.
 */
export class OriginalForm implements EventForm {
  readonly #extraFields: boolean;

  constructor({ extraFields }: OriginalFormOptions) {
    this.#extraFields = extraFields;
  }

  connect(id: string, { path, query, ip, ...request }: HandshakeInfo): string {
    const requested =
      `{"Path":${goStringOrNull(path)},"Query":${goStringOrNull(query)},` +
      `"Headers":${goMap(request.headers)},"Cookies":${goMap(request.cookies)},` +
      `"Params":${goMap(request.params)},"Address":${goStringOrNull(ip)},` +
      `"Subprotocols":${goArray(request.subprotocols)}}`;
    return eventOf(id, "null", "null", "null", `"ConnectionRequested":${requested},`);
  }

  open(id: string, info: HandshakeInfo): string {
    const established = `{"Subprotocol":${goString(info.subprotocol ?? "")}`;
    return eventOf(id, `${established}${this.#extraFields ? extraOf(info) : ""}}`, "null", "null");
  }

  message(id: string, { data }: MessageInfo): string {
    const received =
      typeof data === "string"
        ? `{"Binary":null,"Text":${goString(data)}}`
        : `{"Binary":"${base64(data)}","Text":null}`;
    return eventOf(id, "null", "null", received);
  }

  close(id: string, { code, reason, cause }: CloseInfo): string {
    const extra = `"Code":${code},"Reason":${goString(reason)},"Cause":${goString(cause)}`;
    return eventOf(id, "null", this.#extraFields ? `{${extra}}` : "{}", "null");
  }

  keepAlives(ids: readonly string[]): string {
    const alive = ids.map((id) => `{"ConnectionId":"${base64OfId(id)}"}`);
    return `{"WebSocketEvent":null,"WebSocketKeepAlives":[${alive.join(",")}]}`;
  }

  succeeded({ status }: HttpAnswer): boolean {
    return status === 200;
  }

  decision(answer: HttpAnswer): OriginDecision {
    return readDecision(answer);
  }

  opened(_id: string, answer: HttpAnswer): readonly Command[] {
    return readReply(answer);
  }

  commands(_id: string, answer: HttpAnswer): readonly Command[] {
    return readReply(answer);
  }
}

function eventOf(
  id: string,
  established: string,
  closed: string,
  received: string,
  requested: string = "",
): string {
  return (
    `{"WebSocketEvent":{"ConnectionId":"${base64OfId(id)}",${requested}` +
    `"ConnectionEstablished":${established},"ConnectionClosed":${closed},` +
    `"MessageReceived":${received}},"WebSocketKeepAlives":null}`
  );
}

function extraOf({ path, query, headers, ip, user }: HandshakeInfo): string {
  return (
    `,"Path":${goStringOrNull(path)},"Query":${goStringOrNull(query)},` +
    `"Headers":${goMap(headers)},"Address":${goStringOrNull(ip)},"User":${goStringOrNull(user)}`
  );
}
