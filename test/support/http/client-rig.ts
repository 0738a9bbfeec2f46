import {
  type HttpAnswer,
  HttpClient,
  type HttpClientOptions,
  HttpError,
  type HttpRequest,
} from "../../../adapters/http-client/mod.ts";
import { ManualClock } from "../memory/mod.ts";
import { within } from "../process/wait.ts";
import { type RawBehaviour, RawServer } from "./raw-server.ts";

/** A client whose time stands still, and a server that does as it is told. */
export class ClientRig {
  readonly clock: ManualClock = new ManualClock();
  readonly client: HttpClient;
  readonly server: RawServer;

  private constructor(server: RawServer, options: HttpClientOptions) {
    this.server = server;
    this.client = new HttpClient(options, { clock: this.clock });
  }

  static async start(
    behaviour: RawBehaviour = {},
    options: HttpClientOptions = {},
  ): Promise<ClientRig> {
    return new ClientRig(await RawServer.start(behaviour), options);
  }

  post(request: Partial<HttpRequest> = {}, url: string = this.server.url): Promise<HttpAnswer> {
    return within(this.client.post(url, { body: "body", ...request }), { what: "an answer" });
  }

  /** What a POST comes to, in one line. */
  outcome(request?: Partial<HttpRequest>, url?: string): Promise<string> {
    return outcomeOf(this.post(request, url));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}

/** `200 text`, or the code of an error and how far the request got. */
export async function outcomeOf(answer: Promise<HttpAnswer>): Promise<string> {
  try {
    const { status, body } = await answer;
    return `${status} ${Buffer.from(body).toString()}`.trim();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return [error.code, error.sent && "sent", error.answered && "answered"]
      .filter(Boolean)
      .join(" ");
  }
}
