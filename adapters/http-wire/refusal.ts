import * as v from "valibot";
import { connectionIdPattern, ServiceError } from "../../core/base/mod.ts";

/**
 * The output of a schema. Throws `command-malformed`, or `id-malformed`, and names the place of
 * the first fault behind `place`. The message repeats nothing that was in the value.
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
  const isId = issue.type === "regex" && issue.requirement === connectionIdPattern;
  throw refusal(`${place}${path.join("")}`, expectationOf(issue), isId);
}

/** `place` is not what was expected there. */
export function refusal(place: string, expectation: string, isId: boolean = false): ServiceError {
  const code = isId ? "id-malformed" : "command-malformed";
  return new ServiceError(code, `${place}: ${expectation}`);
}

function expectationOf(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "validation") return issue.message;
  const { input } = issue;
  const kind = input === null ? "null" : Array.isArray(input) ? "an array" : typeof input;
  const told = input === undefined ? "it is missing" : `it is ${kind}`;
  return `${issue.expected ?? "something else"} is expected, and ${told}`;
}
