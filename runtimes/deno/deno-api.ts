/** The part of Deno's API that we use: the build has no types for it. */
export interface DenoApi {
  serve(
    options: {
      hostname: string;
      port: number;
      reusePort: boolean;
      signal: AbortSignal;
      cert?: string;
      key?: string;
      onListen: () => void;
      onError: (error: unknown) => Response;
    },
    handler: (request: Request, info: DenoServeInfo) => Response | Promise<Response>,
  ): DenoHttpServer;
  upgradeWebSocket(
    request: Request,
    options: { idleTimeout: number },
  ): { socket: WebSocket; response: Response };
}

export interface DenoServeInfo {
  readonly remoteAddr: { readonly hostname?: string };
}

export interface DenoHttpServer {
  /** Rejects when a stream cannot be accepted. The port is closed then, and connections stay. */
  readonly finished: Promise<void>;
  readonly addr: { readonly port: number };
}

export const deno: DenoApi = (globalThis as unknown as { Deno: DenoApi }).Deno;
