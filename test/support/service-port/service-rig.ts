import type { RequestSource } from "../../../adapters/http/mod.ts";
import {
  createServiceApp,
  type RefusedRequest,
  type ServiceAppOptions,
} from "../../../adapters/service-port/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import { MemoryPort } from "./memory-port.ts";

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly address?: string;
  /** The length that the headers tell; that of the body where nothing is given. */
  readonly length?: number;
  /** In place of reading the body: it breaks off, or never comes. */
  readonly readBody?: () => Promise<never>;
}

/** An answer, with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

/** The service port's app over connections in memory, without a socket. */
export class ServiceRig {
  readonly port: MemoryPort = new MemoryPort("n1");
  readonly refused: RefusedRequest[] = [];
  readonly app: ReturnType<typeof createServiceApp>;

  constructor(options: Partial<ServiceAppOptions> = {}) {
    this.app = createServiceApp({
      port: this.port,
      token: "",
      accessKeys: undefined,
      sizes: { publishBytesMax: 1_048_576, sendQueueBytesMax: 1_048_576 },
      version: "1.2.3",
      now: Date.now,
      refused: (request) => this.refused.push(request),
      ...options,
    });
  }

  async ask(target: string, asked: Asked = {}): Promise<Answer> {
    const { method = "POST", headers = {}, address = "127.0.0.1" } = asked;
    const request = new Request(`http://127.0.0.1${target}`, { method, headers });
    const response = await this.app(request, sourceOf(target, address, asked));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    return { status: response.status, headers: response.headers, bytes, text, json: parse(text) };
  }
}

/** The code and the message of a refusal. */
export function refusal({ json }: Answer): { readonly code: string; readonly message: string } {
  return json as { code: string; message: string };
}

function sourceOf(target: string, address: string, asked: Asked): RequestSource {
  const { body = "", headers = {} } = asked;
  const bytes = new Uint8Array(typeof body === "string" ? new TextEncoder().encode(body) : body);
  return {
    address,
    target,
    rawHeaders: Object.entries(headers).flat(),
    length: asked.length ?? bytes.length,
    body: async (bytesMax) => {
      if (asked.readBody !== undefined) return asked.readBody();
      if (bytes.length > bytesMax) throw new ServiceError("request-too-big", "too long");
      return bytes;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An id as the original service writes it. */
export function base64Of(id: string): string {
  return Buffer.from(id).toString("base64");
}
