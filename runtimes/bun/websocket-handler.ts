import type { WebSocketHandler } from "bun";
import { compressedBytesMax, limits } from "../../core/base/mod.ts";
import type { ClientServerOptions } from "../server/mod.ts";
import type { BunSocket, BunWebSocket } from "./socket.ts";

/** Bun's callbacks of all WebSockets, passed on to the handler, with the settings for them. */
export function webSocketHandler(options: ClientServerOptions): WebSocketHandler<BunSocket> {
  const { handler, messageBytesMax } = options;
  const deflates = options.deflate !== undefined;
  const alive = ({ data: { connection } }: BunWebSocket): void => {
    if (connection !== undefined) handler.pong(connection, 1);
  };
  return {
    // Bun measures the compressed form too; the message is measured when it is there.
    maxPayloadLength: deflates ? compressedBytesMax(messageBytesMax) : messageBytesMax,
    perMessageDeflate: deflates,
    // Liveness is the gateway's heartbeat, and back-pressure its policy by `bufferedAmount`.
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: limits.runtimeQueueBytesMax,
    closeOnBackpressureLimit: false,
    open(socket: BunWebSocket): void {
      const { data } = socket;
      data.opened(socket);
      const { admission } = data;
      data.admission = undefined;
      if (admission !== undefined) data.connection = handler.open(data, admission);
    },
    message(socket: BunWebSocket, message: string | Buffer): void {
      socket.data.received(options, message);
    },
    ping: alive,
    pong: alive,
    close({ data }: BunWebSocket, closeCode: number, closeReason: string): void {
      const inOwnCall = data.closesItself;
      data.released();
      const tell = (): void => reportClosed(options, data, { closeCode, closeReason });
      // The handler is called after its own call of `close` or `terminate`.
      if (inOwnCall) queueMicrotask(tell);
      else tell();
    },
  };
}

function reportClosed(
  { handler, clock }: ClientServerOptions,
  { connection }: BunSocket,
  { closeCode, closeReason }: { closeCode: number; closeReason: string },
): void {
  if (connection === undefined) return;
  // Bun sends the right close frame for a fault, but reports it as 1006 with a text for people.
  // A stream that is merely cut has no text.
  const fault = closeCode === 1006 && closeReason !== "";
  if (fault) handler.fault(connection, "frame-refused");
  handler.closed(connection, closeCode, fault ? "" : closeReason);
  // Without a close frame the stream is gone by now. After one it stays until the client ends it,
  // or Bun does, within 4 s. Bun reports neither.
  if (closeCode === 1006 && !fault) handler.gone(connection);
  else clock.after(limits.closeHandshakeMs, () => handler.gone(connection));
}
