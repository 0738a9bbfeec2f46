import * as v from "valibot";
import { isMap, ServiceError } from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { fromBase64, readJson } from "../../http-wire/mod.ts";

/** What a Lambda function returned. */
export interface LambdaResult {
  readonly statusCode: number | undefined;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes if it said that they are base64. */
  readonly body: string | Uint8Array | undefined;
  /** The function threw, or timed out. */
  readonly failed: boolean;
}

const text = v.union([
  v.string(),
  v.pipe(
    v.union([v.number(), v.boolean()]),
    v.transform((value) => String(value)),
  ),
]);

const statusCode = v.pipe(
  v.union([v.number(), v.string()]),
  v.transform(Number),
  v.integer(),
  v.minValue(100),
  v.maxValue(599),
);

const proxyResult = v.object({
  statusCode: v.nullish(statusCode),
  headers: v.nullish(v.record(v.string(), text)),
  body: v.nullish(v.string()),
  isBase64Encoded: v.nullish(v.boolean()),
});

const none: LambdaResult = {
  statusCode: undefined,
  headers: new Map(),
  body: undefined,
  failed: false,
};

/**
 * Reads the answer of the Lambda Invoke API, and of what imitates it: the function's result in
 * JSON, or the header `X-Amz-Function-Error` if the function failed. A function that returns
 * nothing answers `null`. Throws `command-malformed`.
 */
export function readLambdaResult({ headers, body }: HttpAnswer): LambdaResult {
  if (headers.has("x-amz-function-error")) return { ...none, failed: true };
  if (body.length === 0) return none;
  const value = readJson(body);
  if (value === null) return none;
  if (!isMap(value)) throw malformed("it");
  const result = v.safeParse(proxyResult, value);
  if (!result.success) throw malformed(v.getDotPath(result.issues[0]) ?? "it");
  const { isBase64Encoded, ...given } = result.output;
  const isError = given.statusCode === undefined && "errorMessage" in value;
  if (isError) return { ...none, failed: true };
  return {
    statusCode: given.statusCode ?? undefined,
    headers: new Map(
      Object.entries(given.headers ?? {}).map(([name, one]) => [name.toLowerCase(), one]),
    ),
    body: bodyOf(given.body ?? undefined, isBase64Encoded === true),
    failed: false,
  };
}

function bodyOf(body: string | undefined, isBase64: boolean): string | Uint8Array | undefined {
  if (body === undefined || !isBase64) return body;
  const bytes = fromBase64(body);
  if (bytes === undefined) throw malformed("body");
  return bytes;
}

function malformed(what: string): ServiceError {
  return new ServiceError("command-malformed", `the function's result: ${what} is malformed`);
}
