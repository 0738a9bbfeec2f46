/**
 * Clients in a process of their own, to be stopped. Arguments: how their labels begin, how many
 * there are for each port, and the ports. Prints their labels when they are connected; on SIGTERM
 * what they say of themselves, as soon as all have found that they are cut.
 */
import process from "node:process";
import { waitFor } from "../../support/process/wait.ts";
import { Talker } from "./talker.ts";

const speakMs = 20;

const [prefix = "", count = "1", ...ports] = process.argv.slice(2);
const talkers: Talker[] = [];
for (const port of ports) {
  for (let left = Number(count); left > 0; left--) {
    const label = `${prefix}x${talkers.length}`;
    talkers.push(await Talker.open(label, { name: "", port: Number(port) }));
  }
}
setInterval(() => {
  for (const talker of talkers) talker.say(1, 0);
}, speakMs);
process.on("SIGTERM", async () => {
  for (const talker of talkers) talker.silent = true;
  await waitFor(() => talkers.every(({ open }) => !open), { what: "the end of all" });
  const said = talkers.map((talker) => {
    const { echoes, news, ...rest } = talker.testify();
    return { ...rest, echoes: [...echoes], news: [...news] };
  });
  console.log(JSON.stringify(said));
  process.exit(0);
});
console.log(JSON.stringify(talkers.map(({ label }) => label)));
