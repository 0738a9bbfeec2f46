import { ServiceError, topicRootPattern } from "../../../core/base/mod.ts";
import { isApp, isName } from "../../topics/mod.ts";
import type { OriginOptions } from "./origin-options.ts";

type Check = readonly [allowed: string, is: (value: unknown) => boolean];

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && pattern.test(value);
}

function one(...allowed: readonly string[]): Check {
  return [
    allowed.map((text) => JSON.stringify(text)).join(" or "),
    (value) => allowed.includes(value as string),
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isBroker(value: unknown): boolean {
  const urls: readonly unknown[] = Array.isArray(value) ? value : [value];
  return urls.length > 0 && urls.every((url) => typeof url === "string" && url !== "");
}

const checks: { readonly [Key in keyof Required<OriginOptions>]: Check } = {
  broker: ["a URL mqtt://user:password@host:1883 or mqtts://…, or an array of them", isBroker],
  app: ["1 to 64 of a-z, 0-9 and -", (value) => typeof value === "string" && isApp(value)],
  name: ["1 to 32 of a-z, 0-9 and -", (value) => typeof value === "string" && isName(value)],
  root: ["1 to 32 letters, digits, - and _", matches(topicRootPattern)],
  mode: one("assigned", "open"),
  window: ["a whole number above 0", (value) => Number.isSafeInteger(value) && Number(value) > 0],
  weight: [
    "a number from 0 to 1,000,000",
    (value) => typeof value === "number" && value >= 0 && value <= 1_000_000,
  ],
  format: one("msgpack", "json"),
  version: one("auto", "4", "5"),
  streamQos: ["0 or 1", (value) => value === 0 || value === 1],
  dataLane: ["true or false", (value) => typeof value === "boolean"],
  tls: ["an object with ca, cert and key", isObject],
  signal: ["an AbortSignal", (value) => isObject(value) && "aborted" in value],
};

/** Throws `setting-invalid` if an option is unknown, missing or not allowed. */
export function checkOptions(options: OriginOptions): void {
  if (!isObject(options)) refuse("options", options, "an object with a broker");
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      refuse("option", key, `known are ${Object.keys(checks).join(", ")}`);
    }
    const [allowed, is] = checks[key as keyof OriginOptions];
    if (value !== undefined && !is(value)) refuse(key, value, allowed);
  }
  if (options.broker === undefined) refuse("broker", undefined, checks.broker[0]);
}

function refuse(setting: string, value: unknown, allowed: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new ServiceError("setting-invalid", `${setting} ${shown}: ${allowed}`);
}
