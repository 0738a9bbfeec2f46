import type { BrokerView } from "../../../adapters/admin/mod.ts";
import type { LinkOpened } from "../../../adapters/mqtt/brokers/mod.ts";
import type { Link } from "../../../adapters/topics/mod.ts";

interface Entry {
  readonly link: Link;
  readonly broker: string;
  readonly role: string;
}

/** The links to brokers that this process has opened, a few for each broker. */
export class BrokerBook {
  readonly #entries: Entry[] = [];
  readonly opened: LinkOpened = (link, broker, role) => {
    this.#entries.push({ link, broker, role });
  };

  views(node: string): BrokerView[] {
    return this.#entries.map(({ link, broker, role }) => ({ node, broker, role, up: link.up }));
  }
}
