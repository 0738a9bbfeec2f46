import { closeReasons, ServiceError } from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { type Command, sendCommand } from "../../http-wire/mod.ts";
import { awsBody, awsHeaders, awsQuery, routeKeyOf } from "./aws-event.ts";
import { readLambdaResult } from "./aws-result.ts";
import { passedHeaders, passedNames } from "./decision.ts";
import type {
  CloseInfo,
  EventForm,
  HandshakeInfo,
  MessageInfo,
  OriginDecision,
} from "./event-form.ts";

export interface AwsFormOptions {
  /** `$request.body.action`, or a longer path behind `$request.body`. */
  readonly routeSelection: string;
  readonly stage: string;
  /** Where functions find `@connections`: no client may choose that with its Host header. */
  readonly domainName: string;
  /** The value of `apiId`. */
  readonly apiId: string;
  /** Whether handshakes wait for `$connect`. Otherwise it is sent when the handshake is over. */
  readonly authorizes: boolean;
  readonly now: () => number;
  /** A text that is unique for each event. */
  readonly requestId: () => string;
}

/** Members of `requestContext` besides those of every event. */
type Context = Readonly<Record<string, unknown>>;

/**
 * The events of an AWS API Gateway WebSocket API with Lambda proxy integration, and its answers:
 * `$connect` while the handshake waits, `$disconnect`, and a route for each message.
 */
export class AwsForm implements EventForm {
  readonly #options: AwsFormOptions;

  constructor(options: AwsFormOptions) {
    this.#options = options;
  }

  connect(id: string, request: HandshakeInfo): string {
    const context = { routeKey: "$connect", eventType: "CONNECT" };
    return this.#event(id, request, context, {
      ...awsHeaders(request),
      ...awsQuery(request),
      isBase64Encoded: false,
    });
  }

  open(id: string, info: HandshakeInfo): string | undefined {
    return this.#options.authorizes ? undefined : this.connect(id, info);
  }

  message(id: string, { data, seq, info }: MessageInfo): string {
    const context = {
      routeKey: routeKeyOf(data, this.#options.routeSelection),
      eventType: "MESSAGE",
      messageId: `${id}/${seq}`,
    };
    return this.#event(id, info, context, awsBody(data));
  }

  close(id: string, { code, reason, info }: CloseInfo): string {
    const context = {
      routeKey: "$disconnect",
      eventType: "DISCONNECT",
      disconnectStatusCode: code,
      disconnectReason: reason,
    };
    return this.#event(id, info, context, { ...awsHeaders(info ?? {}), isBase64Encoded: false });
  }

  keepAlives(): undefined {}

  succeeded({ status }: HttpAnswer): boolean {
    return status >= 200 && status < 300;
  }

  /** As with AWS, 2xx accepts, and the handler's header may choose the subprotocol. */
  decision(answer: HttpAnswer): OriginDecision {
    if (!this.succeeded(answer)) {
      const message = `authorize: the Lambda endpoint answered with status ${answer.status}`;
      throw new ServiceError("handshake-grant", message);
    }
    const { statusCode, headers, body, failed } = readLambdaResult(answer);
    if (failed || statusCode === undefined) {
      throw new ServiceError("handshake-grant", "authorize: the function failed");
    }
    if (statusCode >= 200 && statusCode < 300) {
      const subprotocol = headers.get("sec-websocket-protocol");
      return { accepted: true, grant: { subprotocol } };
    }
    const passed = passedHeaders(headers, [...passedNames, "location"]);
    return { accepted: false, status: statusCode, body: body ?? "", headers: passed };
  }

  /** `$connect` was refused after the handshake: the connection is closed. */
  opened(id: string, answer: HttpAnswer): readonly Command[] {
    if (this.decision(answer).accepted) return [];
    const { closeCode, text: closeReason } = closeReasons.connectRefused;
    return [{ verb: "close", ids: [id], closeCode, closeReason, options: {} }];
  }

  /** The body that a route returns is sent to the client, and so is a failure of the function. */
  commands(id: string, answer: HttpAnswer): readonly Command[] {
    const result = readLambdaResult(answer);
    const data = result.failed ? this.#failure(id) : result.body;
    if (data === undefined || data.length === 0) return [];
    return [sendCommand([id], data)];
  }

  #failure(connectionId: string): string {
    const requestId = this.#options.requestId();
    return JSON.stringify({ message: "Internal server error", connectionId, requestId });
  }

  #event(
    connectionId: string,
    info: HandshakeInfo | undefined,
    context: Context,
    rest: Readonly<Record<string, unknown>>,
  ): string {
    const { stage, domainName, apiId, now, requestId } = this.#options;
    const at = now();
    const id = requestId();
    const { ip, user, headers = {} } = info ?? {};
    const requestContext = {
      ...context,
      requestId: id,
      extendedRequestId: id,
      requestTime: requestTime(at),
      requestTimeEpoch: at,
      messageDirection: "IN",
      stage,
      connectedAt: info?.at ?? at,
      identity: { sourceIp: ip ?? "", userAgent: headers["user-agent"] ?? "" },
      domainName,
      connectionId,
      apiId,
      ...(user === undefined ? {} : { authorizer: { principalId: user } }),
    };
    return JSON.stringify({ requestContext, ...rest });
  }
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `09/Apr/2021:18:11:22 +0000` */
function requestTime(at: number): string {
  const date = new Date(at);
  const day = String(date.getUTCDate()).padStart(2, "0");
  const time = date.toISOString().slice(11, 19);
  return `${day}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${time} +0000`;
}
