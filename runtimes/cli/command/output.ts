import process from "node:process";

/** Writes text and a line break to the standard output. Resolves when it is written. */
export function say(text: string): Promise<void> {
  return write(process.stdout, `${text}\n`);
}

/** The same, to the standard error. */
export function complain(text: string): Promise<void> {
  return write(process.stderr, `${text}\n`);
}

/** Resolves when everything that was written before has left this process. */
export async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) await write(stream, "");
}

/** Resolves also where nobody reads any more, such as with `| head`. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    const gone = (): void => resolve();
    stream.once("error", gone);
    stream.write(text, (error) => {
      // With an error the event is still to come, and without a listener it would end the process.
      if (!error) stream.off("error", gone);
      resolve();
    });
  });
}
