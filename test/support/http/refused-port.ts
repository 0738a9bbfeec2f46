import { createServer, type RequestListener, type Server } from "node:http";

/** Ports that browsers and `fetch` refuse, and that need no rights. */
const refused = [10_080, 6_000, 6_566, 6_665, 6_666, 6_667, 6_668, 6_669, 6_679, 6_697] as const;

/** Listens on a port that browsers and `fetch` refuse. The caller closes it. */
export async function listenOnRefused(
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly port: number }> {
  for (const port of refused) {
    const server = createServer(listener);
    const isOpen = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isOpen) return { server, port };
  }
  throw new Error("all of these ports are taken");
}
