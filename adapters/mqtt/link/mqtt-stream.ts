import net from "node:net";
import tls from "node:tls";
import type { BrokerAddress } from "./broker-url.ts";
import type { MqttTls } from "./mqtt-tls.ts";

/**
 * Opens a TCP or TLS stream to the broker. Without `noDelay` a small packet would wait for the
 * acknowledgement of the one before it (Nagle's algorithm).
 */
export function openStream(address: BrokerAddress, material: MqttTls | undefined): net.Socket {
  const { host, port } = address;
  if (!address.tls) return net.connect({ host, port, noDelay: true });
  const socket = tls.connect({
    host,
    port,
    // RFC 6066, 3: the server name must not be a literal address.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...(material?.ca === undefined ? {} : { ca: [material.ca].flat() as string[] }),
    ...(material?.cert === undefined ? {} : { cert: material.cert }),
    ...(material?.key === undefined ? {} : { key: material.key }),
    // Not even the environment turns this check off.
    rejectUnauthorized: true,
  });
  socket.setNoDelay(true);
  return socket;
}
