import { RawClient } from "../../support/clients/raw-client.ts";

/** A client that numbers what it says, and keeps the numbers of what comes back. */
export class HttpFaultClient {
  readonly label: string;
  readonly echoes: number[] = [];
  said = 0;
  /** Of the close frame; 1006 where none came, undefined while it is open. */
  closeCode: number | undefined;
  readonly #client: RawClient;

  private constructor(label: string, client: RawClient) {
    this.label = label;
    this.#client = client;
    void this.#listen();
  }

  static async open(label: string, port: number): Promise<HttpFaultClient> {
    return new HttpFaultClient(label, await RawClient.open(port));
  }

  get open(): boolean {
    return this.closeCode === undefined;
  }

  say(): void {
    if (this.open) this.#client.text(`${this.label} ${this.said++}`);
  }

  destroy(): void {
    this.#client.destroy();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const frame = await this.#client.frame().catch(() => undefined);
      // Nobody said anything for a while.
      if (frame === undefined && !this.#client.ended && !this.#client.closed) continue;
      if (frame === undefined) this.closeCode = 1_006;
      else if (frame.opcode === 8) this.closeCode = frame.payload.readUInt16BE();
      if (!this.open) return;
      if (frame?.opcode === 9) {
        // A node that is not answered takes its client for lost.
        this.#client.send({ opcode: 10, payload: frame.payload });
        continue;
      }
      this.echoes.push(Number(frame?.payload.toString().split(" ")[1]));
    }
  }
}
