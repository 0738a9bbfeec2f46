import { runCodecBench } from "./codec.ts";

await runCodecBench((line) => console.log(line));
