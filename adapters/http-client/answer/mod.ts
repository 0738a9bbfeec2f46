export { HeadReader } from "./answer-head.ts";
export { AnswerParser, type AnswerParserOptions } from "./answer-parser.ts";
export type { HttpAnswer } from "./http-answer.ts";
