import type { HandshakeAdmission, SocketHandler } from "../../../../core/ports/mod.ts";
import type { SocketCase } from "../../../conformance/socket.ts";
import {
  type MemoryBroadcast,
  type MemoryDelivery,
  MemorySocket,
} from "../../../support/memory/mod.ts";
import { admission, RecordingHandler } from "../../../support/sockets/recording-handler.ts";

export interface MemoryCaseOptions {
  readonly broadcast?: MemoryBroadcast;
  readonly admission?: HandshakeAdmission;
  /** What stands between the socket and the handler that is recorded. */
  readonly between?: (handler: SocketHandler) => SocketHandler;
}

/** A memory socket, both ends, for the conformance suites. */
export function memoryCase(options: MemoryCaseOptions = {}): SocketCase {
  const handler = new RecordingHandler();
  const outer = options.between?.(handler) ?? handler;
  const socket = new MemorySocket(outer, options.admission ?? admission, options.broadcast);
  return {
    socket,
    handler,
    client: {
      text: (data) => socket.receive(data),
      binary: (data) => socket.receive(data),
      close: (closeCode, closeReason) => socket.clientCloses(closeCode, closeReason),
      pong: () => socket.pong(),
      cut: () => socket.cut(),
      block: () => socket.block(),
      unblock: () => socket.unblock(),
      received: () => socket.delivered.map(describe),
    },
    async settle() {
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
    },
  };
}

function describe(delivery: MemoryDelivery): string {
  if (delivery.type === "ping") return "ping";
  if (delivery.type === "close") {
    return `close ${delivery.closeCode} ${delivery.closeReason}`.trimEnd();
  }
  const { data } = delivery;
  return typeof data === "string" ? `text ${data}` : `binary ${[...data].join(",")}`;
}
