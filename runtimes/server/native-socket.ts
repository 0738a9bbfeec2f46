import { closeCodeOf, utf8Exceeds } from "../../core/base/mod.ts";
import { type ConnectionHandle, MessageKind, type OutgoingMessage } from "../../core/ports/mod.ts";
import type { ClientServerOptions } from "./client-server.ts";

const none: readonly (string | Uint8Array)[] = [];

/** What the WebSockets of Bun's and of Deno's own server have in common (engine native). */
export abstract class NativeSocket {
  /** Messages that wait for `flush`. */
  #queued: (string | Uint8Array)[] | undefined = undefined;
  #queuedBytes = 0;

  abstract close(closeCode: number, closeReason: string): void;

  protected get queuedBytes(): number {
    return this.#queuedBytes;
  }

  protected get queuedMessages(): number {
    return this.#queued?.length ?? 0;
  }

  protected enqueue(message: OutgoingMessage): void {
    const data = message.kind === MessageKind.text ? message.text() : message.payload();
    if (this.#queued === undefined) this.#queued = [data];
    else this.#queued.push(data);
    this.#queuedBytes += message.byteLength;
  }

  /** The queued messages in their order; the queue is empty then. */
  protected takeQueued(): readonly (string | Uint8Array)[] {
    const queued = this.#queued ?? none;
    this.#queued = undefined;
    this.#queuedBytes = 0;
    return queued;
  }

  /**
   * A client's message, whole. The runtime may know no limit of its own, or measure the compressed
   * form, so the length is checked here.
   */
  protected deliver(
    { handler, messageBytesMax }: ClientServerOptions,
    connection: ConnectionHandle,
    data: string | Uint8Array,
  ): void {
    const isText = typeof data === "string";
    const tooBig = isText ? utf8Exceeds(data, messageBytesMax) : data.length > messageBytesMax;
    if (tooBig) {
      const fault = "message-too-big";
      handler.fault(connection, fault);
      this.close(closeCodeOf(fault), fault);
    } else if (isText) handler.text(connection, data);
    else handler.binary(connection, data);
  }
}
