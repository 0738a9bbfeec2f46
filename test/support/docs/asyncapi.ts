import { decode } from "@msgpack/msgpack";
import { Ajv, type ValidateFunction } from "ajv";
import { readPage } from "./docs.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonMap = { [key: string]: Json };

export const asyncapiFile = "docs/asyncapi.json";

/** The AsyncAPI document. */
export const asyncapi: JsonMap = JSON.parse(readPage(asyncapiFile)) as JsonMap;

/** What stands at a JSON pointer of it. */
export function asyncapiAt(pointer: string): Json | undefined {
  let value: Json | undefined = asyncapi;
  for (const key of pointer.replace(/^#\//, "").split("/")) {
    value = (value as JsonMap | undefined)?.[key.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}

// AsyncAPI's schemas are those of draft 07, which has tuples of any length.
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(asyncapi, "asyncapi");
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value by the schema at a JSON pointer. */
export function schemaFaults(pointer: string, value: unknown): string[] {
  let validate = compiled.get(pointer);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `asyncapi${pointer}` });
    compiled.set(pointer, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** The channels whose address a topic below `wss/v1/` is. */
function channelsOf(topic: string): string[] {
  return Object.entries(asyncapi.channels as JsonMap)
    .filter(([, channel]) => {
      const { address } = channel as JsonMap;
      const pattern = String(address).replace(/\{\w+\}/g, "[^/]+");
      return new RegExp(`^${pattern}$`).test(topic);
    })
    .map(([name]) => name);
}

/** MessagePack's binary data as JSON has it. */
function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asJson(item)]));
}

/** What is wrong with a message of the wire; a topic that no channel has is wrong too. */
export function messageFaults(topic: string, payload: Uint8Array): string[] {
  const [channel, ...more] = channelsOf(topic);
  if (channel === undefined || more.length > 0)
    return [`${topic} is of no channel, or of several`];
  const [message] = Object.values(asyncapiAt(`#/channels/${channel}/messages`) as JsonMap);
  const { $ref } = message as JsonMap;
  // Presence is cleared, and asked for, by an empty payload.
  if (payload.length === 0 && topic.includes("/presence/")) return [];
  const isText = payload[0] === 0x5b || payload[0] === 0x7b;
  const value = isText ? JSON.parse(Buffer.from(payload).toString()) : asJson(decode(payload));
  const faults = schemaFaults(`${$ref}/payload`, value);
  return faults.length === 0 ? [] : [`${topic}: ${JSON.stringify(value)}: ${faults.join("; ")}`];
}
