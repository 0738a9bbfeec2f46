import process from "node:process";

/** Writes text and a line break to the standard output. Resolves when it is written. */
export function say(text: string): Promise<void> {
  return write(process.stdout, `${text}\n`);
}

/** The same, to the standard error. */
export function complain(text: string): Promise<void> {
  return write(process.stderr, `${text}\n`);
}

/** Resolves also where nobody reads any more, such as with `| head`. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    const gone = (): void => resolve();
    stream.once("error", gone);
    stream.write(text, () => {
      stream.off("error", gone);
      resolve();
    });
  });
}
