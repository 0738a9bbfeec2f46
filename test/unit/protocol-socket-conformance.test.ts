import { MemorySocket } from "../../adapters/memory/mod.ts";
import { type SocketCase, socketConformance } from "../conformance/socket.ts";
import { codecs, FramedClient } from "../support/framed-client.ts";
import { closePayload } from "../support/raw-client-frames.ts";
import { admission, RecordingHandler } from "../support/recording-handler.ts";

socketConformance("MemorySocket", () => {
  const handler = new RecordingHandler();
  const socket = new MemorySocket(handler, admission);
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
      received: () =>
        socket.delivered.map((delivery) => {
          if (delivery.type === "ping") return "ping";
          if (delivery.type === "close") {
            return `close ${delivery.closeCode} ${delivery.closeReason}`.trimEnd();
          }
          const { data } = delivery;
          return typeof data === "string" ? `text ${data}` : `binary ${[...data].join(",")}`;
        }),
    },
    async settle() {
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
    },
  };
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
