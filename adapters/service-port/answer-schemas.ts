import * as v from "valibot";

/** What every refusal has. */
export const refusalSchema: v.GenericSchema = v.object({
  code: v.pipe(v.string(), v.description("one of the stable error codes")),
  message: v.pipe(v.string(), v.description("for people; it may change")),
});

/** A refusal of `@connections`. */
export const awsRefusalSchema: v.GenericSchema = v.object({
  __type: v.pipe(v.string(), v.description("API Gateway's name of the error")),
  code: v.string(),
  message: v.string(),
});

/** Ids that `/sr` left out. */
export const unreachedSchema: v.GenericSchema = v.object({
  unreached: v.array(
    v.object({
      place: v.pipe(v.string(), v.description("where the id stood in the body")),
      id: v.pipe(v.string(), v.description("the id; its node is not alive")),
    }),
  ),
});

/** The replies of `/commands`. */
export const repliesSchema: v.GenericSchema = v.array(
  v.looseTuple([
    v.literal("reply"),
    v.pipe(v.unknown(), v.description("the command's ref; its index where it had none")),
    v.pipe(
      v.record(v.string(), v.unknown()),
      v.description(
        "what became of the command: an outcome by id; counts of a publish; of a query " +
          "connections, count, gone and missing, each connection with id, node, at, user and " +
          "bufferedAmount, and with the option info activeAt, closing and info",
      ),
    ),
  ]),
);

/** `GET @connections/{id}`. */
export const connectionSchema: v.GenericSchema = v.object({
  connectedAt: v.pipe(v.string(), v.isoTimestamp()),
  lastActiveAt: v.pipe(v.string(), v.isoTimestamp()),
  identity: v.object({ sourceIp: v.string(), userAgent: v.string() }),
});
