import { broadcastConformance } from "../../../conformance/broadcast.ts";
import { type SocketCase, socketConformance } from "../../../conformance/socket.ts";
import { codecs, FramedClient } from "../../../support/clients/framed-client.ts";
import { closePayload } from "../../../support/clients/raw-client-frames.ts";
import { MemoryBroadcast } from "../../../support/memory/mod.ts";
import { memoryCase } from "./memory-case.ts";

socketConformance("MemorySocket", () => memoryCase());

broadcastConformance("MemoryBroadcast", () => {
  const broadcast = new MemoryBroadcast();
  return { broadcast, open: () => memoryCase({ broadcast }) };
});

for (const { name, make } of codecs) {
  socketConformance(`FramedSocket, ${name}`, (): SocketCase => {
    const made = new FramedClient(make());
    return {
      socket: made.socket,
      handler: made.handler,
      client: {
        text: (payload) => made.send({ opcode: 1, payload }),
        binary: (payload) => made.send({ opcode: 2, payload }),
        close: (closeCode, closeReason) => {
          const payload = closeCode === 1_005 ? "" : closePayload(closeCode, closeReason);
          made.send({ opcode: 8, payload });
        },
        pong: () => made.send({ opcode: 10 }),
        cut: () => made.bytes.cut(),
        block: () => made.bytes.block(),
        unblock: () => made.bytes.unblock(),
        received: () => made.received(),
      },
      async settle() {
        await made.settle();
        // A client that has seen our end closes its stream.
        if (made.bytes.ended) made.bytes.cut();
        await made.settle();
      },
    };
  });
}
