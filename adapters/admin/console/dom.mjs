/**
 * Makes an element. Text becomes a text node, never HTML: names and payloads come from strangers.
 * `props`: `class`, `data-…`, other attributes, and listeners by `on…`.
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

const svgSpace = "http://www.w3.org/2000/svg";

export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Sets a text only if it is another one: the selection of a reader stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A table that is updated in place. `columns`: `{ title, cell(row), class?, wide? }`, where `cell`
 * returns a text or a node. `keyOf` names a row; of rows with one name each keeps its own line.
 */
export class Table {
  #columns;
  #keyOf;
  #body;
  #empty;
  #rows = new Map();

  constructor(columns, keyOf, empty) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#body = el("tbody");
    this.#empty = el("p", { class: "empty quiet" }, empty);
    const heads = columns.map((column) =>
      el("th", { scope: "col", class: column.class }, column.title),
    );
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), this.#body);
    this.element = el("div", { class: "table" }, table, this.#empty);
  }

  show(rows) {
    const known = this.#rows;
    this.#rows = new Map();
    const times = new Map();
    let before = null;
    for (const row of rows) {
      const name = this.#keyOf(row);
      const nth = (times.get(name) ?? 0) + 1;
      times.set(name, nth);
      const key = `${nth} ${name}`;
      const line = known.get(key) ?? this.#line();
      known.delete(key);
      this.#rows.set(key, line);
      for (const [index, column] of this.#columns.entries()) {
        fill(line.children[index], column.cell(row));
      }
      const place = before === null ? this.#body.firstChild : before.nextSibling;
      if (place !== line) this.#body.insertBefore(line, place);
      before = line;
    }
    for (const line of known.values()) line.remove();
    this.#empty.hidden = rows.length > 0;
  }

  #line() {
    const cells = this.#columns.map((column) =>
      el("td", { class: column.class, "data-title": column.title }),
    );
    return el("tr", {}, ...cells);
  }
}

function fill(cell, content) {
  if (typeof content === "string") setText(cell, content);
  else if (cell.firstChild?.isEqualNode(content) !== true) cell.replaceChildren(content);
}
