import type { App } from "./app.ts";
import { assert } from "./base/mod.ts";

/** The apps that a node serves, by name. */
export class Apps implements Iterable<App> {
  readonly #apps: ReadonlyMap<string, App>;

  constructor(names: readonly string[], create: (name: string, number: number) => App) {
    this.#apps = new Map(names.map((name, number) => [name, create(name, number)]));
  }

  find(name: string): App | undefined {
    return this.#apps.get(name);
  }

  /** One that is known to be served. */
  get(name: string): App {
    const app = this.#apps.get(name);
    assert(app, "routes lead to apps that are served");
    return app;
  }

  [Symbol.iterator](): Iterator<App> {
    return this.#apps.values();
  }
}
