import type { ErrorCode } from "../../../core/base/mod.ts";
import { Refusal } from "../../http/mod.ts";

/** API Gateway's status of codes that have another one elsewhere. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  "request-token": 403,
  "requests-full": 429,
};

/** API Gateway's names of errors, by status. */
const types: Readonly<Record<number, string>> = {
  400: "BadRequestException",
  403: "ForbiddenException",
  404: "NotFoundException",
  405: "MethodNotAllowedException",
  408: "RequestTimeoutException",
  410: "GoneException",
  413: "PayloadTooLargeException",
  415: "UnsupportedMediaTypeException",
  429: "LimitExceededException",
  503: "ServiceUnavailableException",
  504: "GatewayTimeoutException",
};

/** A refusal as AWS's SDKs read it: the type is in a header, and in the body. */
export function awsRefusal({ code, message, status: given, headers, details }: Refusal): Refusal {
  const status = statuses[code] ?? given;
  const type = types[status] ?? "InternalServerErrorException";
  return new Refusal(code, message, {
    status,
    headers: { ...headers, "x-amzn-errortype": type },
    details: { __type: type, ...details },
  });
}
