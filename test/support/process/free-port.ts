import net from "node:net";

/**
 * Below the ports that systems choose by themselves (Linux from 32768, others from 49152), also
 * for clients: whoever comes back to its port would find it in use there now and then.
 */
const portMin = 10_240;
const portMax = 32_767;
const triesMax = 100;

/** A port that is free, for whoever has to know it before it is bound. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1));
    if (await canBind(port)) return port;
  }
  throw new Error(`no free port of ${triesMax} that were tried`);
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Another one may bind a port between its choice and its use: then the start is tried again. */
export async function onFreePort<Started>(
  start: (port: number) => Promise<Started>,
  isInUse: (error: unknown) => boolean,
): Promise<Started> {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (triesLeft === 0 || !isInUse(error)) throw error;
    }
  }
}
