import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema, LooseTupleSchema, TupleItems } from "valibot";
import { appNamePattern } from "../../core/base/mod.ts";
import { commandSchema, serviceRequestSchema } from "../http-wire/mod.ts";
import {
  awsRefusalSchema,
  connectionSchema,
  refusalSchema,
  repliesSchema,
  unreachedSchema,
} from "./answer-schemas.ts";

type Part = Readonly<Record<string, unknown>>;

/** Bytes as JSON has them, and MessagePack as bytes. */
const binarySchema: JsonSchema = {
  type: "object",
  properties: { $binary: { type: "string", contentEncoding: "base64" } },
  required: ["$binary"],
};

type AnyTuple = LooseTupleSchema<TupleItems, undefined>;

/** How many elements a tuple needs: those at its end may be left out that may be null. */
function leastOf({ items }: AnyTuple): number {
  return items.findLastIndex(({ type }) => type !== "nullish" && type !== "optional") + 1;
}

/** Checks that JSON Schema cannot express are left out. */
function schemaOf(schema: GenericSchema): Part {
  const { $schema: _draft, ...converted } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (valibotSchema.type === "instance") return binarySchema;
      if (valibotSchema.type !== "loose_tuple") return undefined;
      return { ...jsonSchema, minItems: leastOf(valibotSchema as AnyTuple) };
    },
  });
  return converted;
}

const reference = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });
const content = (type: string, name: string): Part => ({ [type]: { schema: reference(name) } });
const answer = (description: string, name?: string): Part =>
  name === undefined
    ? { description }
    : { description, content: content("application/json", name) };

/** The refusals that every operation may have, by status. */
function refusals(name: string, texts: Readonly<Record<number, string>>): Part {
  const entries = Object.entries(texts).map(([status, text]) => [status, answer(text, name)]);
  return Object.fromEntries(entries);
}

/** Answers that every operation may have. */
const common: Readonly<Record<number, string>> = {
  400: "The body cannot be read; the message names the place.",
  403: "Without a token only programs of the node's machine may send requests.",
  404: "The node does not serve the app.",
  405: "The path has no such method.",
  408: "The body did not come in time.",
  413: "The body, or a message in it, is too long, or it names too many ids.",
  415: "The body has a Content-Encoding.",
  500: "The node has failed.",
  503: "Too much is under way, or the broker is away.",
};

/** Answers of the HTTP server itself: their body has no other form anywhere. */
const ofServer: Part = refusals("Refusal", {
  417: "The Expect header is none that is served.",
  431: "The headers are too long.",
});

const noToken: Readonly<Record<number, string>> = {
  401: "The request does not bear the token.",
};

const wrongType = "The Content-Type is none of these, or the body has a Content-Encoding.";

const app: Part = {
  name: "app",
  in: "query",
  required: false,
  description: "The app of the connections; the node's first one without it.",
  schema: { type: "string", pattern: appNamePattern.source },
};

const serviceRequest: Part = {
  operationId: "sendMessages",
  summary: "Sends messages, in the form of the original service.",
  parameters: [app],
  security: [{}, { token: [] }],
  requestBody: { required: true, content: content("application/json", "ServiceRequest") },
  responses: {
    200: answer("It is understood, and on its way, except to the listed ids.", "Unreached"),
    ...refusals("Refusal", { ...common, ...noToken, 410: "No id is of a living node." }),
    ...ofServer,
  },
};

const commands: Part = {
  operationId: "runCommands",
  summary: "Carries out a batch of commands, and answers what became of each.",
  parameters: [app],
  security: [{}, { token: [] }],
  requestBody: {
    required: true,
    content: {
      ...content("application/json", "Commands"),
      ...content("application/msgpack", "Commands"),
    },
  },
  responses: {
    200: {
      description: "One reply for each command, in their order and in the format of the request.",
      content: {
        ...content("application/json", "Replies"),
        ...content("application/msgpack", "Replies"),
      },
    },
    ...refusals("Refusal", { ...common, ...noToken, 415: wrongType }),
    ...ofServer,
  },
};

const stageParameter: Part = {
  name: "stage",
  in: "path",
  required: true,
  description: "Any text. The name of an app of the node means that app.",
  schema: { type: "string" },
};
const idParameter: Part = {
  name: "id",
  in: "path",
  required: true,
  description: "The connection's id.",
  schema: { type: "string", maxLength: 64 },
};

const awsRefusals = refusals("AwsRefusal", {
  ...common,
  400: "It is no connection id.",
  403: "The request is not signed with a known key, or may not be sent from there.",
  410: "No connection has this id.",
  413: "The body is too long.",
  429: "The client does not read, or too much is under way.",
  503: "The broker is away.",
  504: "The connection's node does not answer.",
});

function operation(operationId: string, summary: string, responses: Part, more: Part = {}): Part {
  const security = [{}, { token: [] }, { signature: [] }];
  const all = { ...responses, ...awsRefusals, ...ofServer };
  return { operationId, summary, security, ...more, responses: all };
}

const message: Part = {
  requestBody: {
    required: true,
    description: "A text where it is UTF-8, else binary; at most 128 KiB.",
    content: { "application/octet-stream": {} },
  },
};

/** `suffix` makes the ids of the operations unique. */
function connection(parameters: readonly Part[], suffix: string): Part {
  const sent = { 200: answer("Sent.") };
  return {
    parameters: [...parameters, idParameter, app],
    post: operation(`postToConnection${suffix}`, "Sends one message.", sent, message),
    get: operation(`getConnection${suffix}`, "Describes the connection.", {
      200: answer("Since when it is there, and whose it is.", "Connection"),
    }),
    delete: operation(`deleteConnection${suffix}`, "Closes the connection with 1000.", {
      204: answer("It is being closed."),
    }),
  };
}

const description: Part = {
  operationId: "describe",
  summary: "This description.",
  security: [{}],
  responses: {
    200: { description: "OpenAPI 3.1.", content: { "application/json": {} } },
    ...refusals("Refusal", { 405: "The path has no such method.", 503: "Too much is under way." }),
    ...ofServer,
  },
};

/** The description of the service port: OpenAPI 3.1. */
export function openApi(version: string): Part {
  return {
    openapi: "3.1.0",
    info: {
      title: "websocket-service: service port",
      version,
      description: "Commands to the connections of a cluster, over HTTP.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths: {
      "/sr": { post: serviceRequest },
      "/commands": { post: commands },
      "/{stage}/@connections/{id}": connection([stageParameter], ""),
      "/@connections/{id}": connection([], "WithoutStage"),
      "/openapi.json": { get: description },
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        signature: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "AWS Signature Version 4, service execute-api",
        },
      },
      schemas: {
        ServiceRequest: schemaOf(serviceRequestSchema),
        Unreached: schemaOf(unreachedSchema),
        Commands: { type: "array", items: schemaOf(commandSchema) },
        Replies: schemaOf(repliesSchema),
        Connection: schemaOf(connectionSchema),
        Refusal: schemaOf(refusalSchema),
        AwsRefusal: schemaOf(awsRefusalSchema),
      },
    },
  };
}
