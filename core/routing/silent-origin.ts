/**
 * Why an origin may confirm nothing. A broker may grant a subscription whose messages its access
 * rules forbid, without an error.
 */
export function silentHint(origin: string, node: string): string {
  return (
    "; it has confirmed nothing yet: its handlers hang, or the broker's rules lack read of " +
    `origins/${origin}/events/+ for it, or for this node write of origins/${origin}/events/` +
    `${node} or read of nodes/${node}/commands/+`
  );
}
