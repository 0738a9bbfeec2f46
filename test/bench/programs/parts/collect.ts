import process from "node:process";

/** Lets a bench ask a gateway to collect its garbage: SIGUSR2, answered by one line. */
export function collectOnSignal(collect: () => void): void {
  process.on("SIGUSR2", () => {
    collect();
    process.stdout.write(`${JSON.stringify({ event: "collected" })}\n`);
  });
}
