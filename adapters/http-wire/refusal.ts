import * as v from "valibot";
import {
  connectionIdPattern,
  type ErrorCode,
  isGroupName,
  isReserved,
  ServiceError,
} from "../../core/base/mod.ts";

/** Whether commands may say who is in the group. */
export function isOwnGroup(name: string): boolean {
  return !isReserved(name);
}

/** The codes of checks that have one of their own. */
const codes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  [connectionIdPattern, "id-malformed"],
  [isGroupName, "group-name"],
  [isOwnGroup, "group-name"],
]);

/**
 * The output of a schema. Throws `command-malformed`, `id-malformed` or `group-name`, and names
 * the place of the first fault behind `place`. The message repeats nothing that was in the value.
 */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  place: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) =>
    typeof key === "number" ? `[${key}]` : `.${String(key)}`,
  );
  const { requirement } = issue as { readonly requirement?: unknown };
  throw refusal(`${place}${path.join("")}`, expectationOf(issue), codes.get(requirement));
}

/** `place` is not what was expected there. */
export function refusal(
  place: string,
  expectation: string,
  code: ErrorCode = "command-malformed",
): ServiceError {
  return new ServiceError(code, `${place}: ${expectation}`);
}

function expectationOf(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "validation") return issue.message;
  const { input } = issue;
  const kind = input === null ? "null" : Array.isArray(input) ? "an array" : typeof input;
  const told = input === undefined ? "it is missing" : `it is ${kind}`;
  return `${issue.expected ?? "something else"} is expected, and ${told}`;
}
