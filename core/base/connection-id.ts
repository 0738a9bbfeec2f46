/**
 * Reads connection ids, `NODE.REST`. `core/connection/new-connection-id.ts` makes them, and
 * `wasm/assembly/ids.ts` reads them in the codec.
 */

/** What every connection id looks like: a node's name, a dot, and 1 to 63 characters. */
export const connectionIdPattern: RegExp = /^[a-z0-9-]{1,32}\.[A-Za-z0-9_-]{1,63}$/;

/** The node's name that a connection id starts with; undefined if the string is no such id. */
export function nodeOfConnectionId(id: string): string | undefined {
  return connectionIdPattern.test(id) ? nodeOf(id) : undefined;
}

/** The node's name in a string that is known to be a connection id: all before the first dot. */
export function nodeOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

/** Whether a connection id is of this node. */
export function isOfNode(id: string, node: string): boolean {
  return id.startsWith(node) && id.indexOf(".") === node.length;
}

/** Ids by the node that each belongs to, in their order; an id without a node is left out. */
export function groupByNode<Id>(
  ids: Iterable<Id>,
  nodeOfId: (id: Id) => string | undefined,
): Map<string, Id[]> {
  const byNode = new Map<string, Id[]>();
  for (const id of ids) {
    const node = nodeOfId(id);
    if (node === undefined) continue;
    const own = byNode.get(node);
    if (own === undefined) byNode.set(node, [id]);
    else own.push(id);
  }
  return byNode;
}
