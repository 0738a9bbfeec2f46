import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/**
 * Below the ports that systems choose by themselves (Linux from 32768, others from 49152), also
 * for clients: whoever comes back to its port would find it in use there now and then.
 */
const portMin = 10_240;
const portMax = 32_767;
const triesMax = 100;

/** A file for each port that was given to a test, with the number of its process. */
const reservations = join(tmpdir(), "wss-test-ports");
const own = new Set<string>();

/**
 * A port that is free, for whoever has to know it before it is bound. Until this process ends, no
 * other process of tests on this machine gets it: a broker that was killed must not be found again
 * as the broker of another test, whose nodes have the same names.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1));
    if (reserve(port) && (await canBind(port))) return port;
  }
  throw new Error(`no free port of ${triesMax} that were tried`);
}

/** Whether this process has the port to itself now. */
function reserve(port: number): boolean {
  if (own.size === 0) {
    mkdirSync(reservations, { recursive: true });
    process.on("exit", () => {
      for (const file of own) rmSync(file, { force: true });
    });
  }
  const file = join(reservations, String(port));
  if (isKept(file)) return false;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch {
    // Another process was faster.
    return false;
  }
  own.add(file);
  return true;
}

/** Whether a process that runs has reserved it. */
function isKept(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // Empty while it is written.
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
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
