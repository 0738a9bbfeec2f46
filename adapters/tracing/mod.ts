export { SpanExport } from "./span-export.ts";
