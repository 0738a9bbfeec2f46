import process from "node:process";

const everyMs = 50;

/** Counts messages of the ingest bench, and prints how many there were, again and again. */
export function counter(): () => void {
  let messages = 0;
  setInterval(() => {
    const at = performance.timeOrigin + performance.now();
    process.stdout.write(`${JSON.stringify({ event: "count", at, messages })}\n`);
  }, everyMs);
  return () => {
    messages += 1;
  };
}

export function started(port: number): void {
  process.stdout.write(`${JSON.stringify({ event: "started", port })}\n`);
}
