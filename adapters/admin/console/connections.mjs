import { read } from "./api.mjs";
import { el, setText, Table } from "./dom.mjs";
import { ago, bytes, count, moment } from "./format.mjs";
import { closeForm, field, sendForm } from "./forms.mjs";
import { TailBox } from "./tail.mjs";

const filters = [
  ["id", "Id"],
  ["user", "User"],
  ["address", "Address"],
  ["group", "Group"],
  ["app", "App"],
];
const pageRows = 50;

function stateCell({ state }) {
  return el("span", { class: state === "open" ? "good" : "bad" }, state);
}

function connectionsTable() {
  return new Table(
    [
      { title: "Connection", class: "wide", cell: ({ id }) => linkTo(id) },
      { title: "User", cell: ({ user }) => user ?? "–" },
      { title: "Address", class: "short", cell: ({ address }) => address || "–" },
      { title: "App", cell: ({ app }) => app },
      { title: "Path", cell: ({ path }) => path ?? "–" },
      { title: "Since", class: "number", cell: ({ openedAt }) => ago(openedAt) },
      { title: "Silent", class: "number", cell: ({ lastActiveAt }) => ago(lastActiveAt) },
      { title: "Waiting", class: "number", cell: ({ bytesWaiting }) => bytes(bytesWaiting) },
      { title: "State", class: "short", cell: stateCell },
    ],
    ({ id }) => id,
    "no connection fits",
  );
}

function linkTo(id) {
  return el("a", { href: `#/connection/${encodeURIComponent(id)}`, class: "id" }, id);
}

/** The search: its fields are in the address, so that it can be sent to somebody. */
export function connectionsView({ go, overview }, _path, query) {
  const inputs = filters.map(([name, label]) => {
    const input = el("input", { name, value: query.get(name) ?? "", maxlength: "256" });
    if (name === "user") input.setAttribute("data-search", "");
    return field(label, input);
  });
  const form = el("form", { class: "row search" }, ...inputs, el("button", {}, "Search"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go("connections", Object.fromEntries(new FormData(form)));
  });
  const table = connectionsTable();
  const told = el("p", { class: "quiet", role: "status" }, "…");
  const more = el("a", { hidden: true }, "Further ones");
  const poll = async () => {
    const asked = new URLSearchParams([["limit", String(pageRows)], ...query]);
    const { connections, next } = await read(`connections?${asked}`);
    table.show(connections);
    const all = overview?.workers > 0 ? "of this node's workers" : "of this node";
    setText(told, `${count(connections.length)} shown, ${all}`);
    more.hidden = next === undefined;
    const further = new URLSearchParams(query);
    if (next !== undefined) further.set("after", next);
    more.setAttribute("href", `#/connections?${further}`);
  };
  const heading = el("div", { class: "title" }, el("h2", {}, "Connections"), told);
  const card = el("section", { class: "card" }, table.element, more);
  return { element: el("div", {}, heading, form, card), poll };
}

const facts = [
  ["Node", ({ node }) => node],
  ["App", ({ app }) => app],
  ["User", ({ user }) => user],
  ["Address", ({ address }) => address],
  ["Path", ({ path }) => path],
  ["Subprotocol", ({ subprotocol }) => subprotocol],
  ["Origin", ({ origin }) => origin],
  ["Groups", ({ groups }) => groups?.join(", ")],
  ["Open since", ({ openedAt }) => `${moment(openedAt)} (${ago(openedAt)})`],
  ["Silent for", ({ lastActiveAt }) => ago(lastActiveAt)],
  ["Waiting", ({ bytesWaiting }) => bytes(bytesWaiting ?? 0)],
  ["Sent so far", ({ sentBytes }) => (sentBytes === undefined ? undefined : bytes(sentBytes))],
  ["Token until", ({ expiresAt }) => (expiresAt ? moment(expiresAt) : undefined)],
  ["State", ({ state }) => state],
];

/** One connection: what is known of it, what passes, and what can be done. */
export function connectionView({ mayAct }, path) {
  const id = decodeURIComponent(path);
  const values = facts.map(() => el("dd", {}, "–"));
  const list = el("dl", { class: "facts" });
  for (const [index, [name]] of facts.entries()) list.append(el("dt", {}, name), values[index]);
  const told = el("p", { class: "bad", role: "status" });
  const tail = new TailBox(new URLSearchParams({ connection: id }).toString());
  const poll = async () => {
    try {
      const connection = await read(`connections/${encodeURIComponent(id)}`);
      for (const [index, [, of]] of facts.entries()) setText(values[index], of(connection) || "–");
      setText(told, "");
    } catch (error) {
      if (error.code !== "id-gone") throw error;
      setText(values.at(-1), "gone");
      setText(told, "The connection is closed, or was never there.");
    }
  };
  const element = el(
    "div",
    {},
    el("div", { class: "title" }, el("h2", {}, "Connection"), el("code", { class: "id" }, id)),
    told,
    el(
      "div",
      { class: "halves" },
      el("section", { class: "card" }, el("h3", {}, "What is known"), list),
      el("div", {}, sendForm(id, mayAct), closeForm(id, mayAct)),
    ),
    tail.element,
  );
  return { element, poll, tail, close: () => tail.close() };
}
