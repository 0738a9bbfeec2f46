/**
 * Why an origin may confirm nothing. A broker may grant a subscription whose messages its access
 * rules forbid, without an error.
 */
export function silentHint(origin: string, node: string): string {
  return (
    "; it has confirmed nothing yet. Its handlers hang, or an access rule of the broker is " +
    `missing: the origin must read origins/${origin}/events/+, and this node must write ` +
    `origins/${origin}/events/${node} and read nodes/${node}/commands/+`
  );
}
