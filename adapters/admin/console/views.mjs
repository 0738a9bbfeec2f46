import { act, read } from "./api.mjs";
import { el, setText, Table } from "./dom.mjs";
import { ago, bytes, count, span } from "./format.mjs";
import { actionForm, field, messageFields } from "./forms.mjs";
import { TailBox } from "./tail.mjs";

const title = (text, ...more) => el("div", { class: "title" }, el("h2", {}, text), ...more);
const card = (heading, ...children) =>
  el("section", { class: "card" }, el("h3", {}, heading), ...children);
const badge = (isGood, text) => el("span", { class: isGood ? "good" : "bad" }, text);

export function overviewView({ monitor }) {
  const reasons = el("p", { class: "reasons" });
  const members = new Table(
    [
      { title: "Node", class: "short", cell: ({ node }) => node },
      { title: "Ready", cell: ({ ready, reasons }) => readyCell(ready, reasons) },
      { title: "Connections", class: "number", cell: ({ connections }) => count(connections) },
      { title: "Handshakes", class: "number", cell: (row) => count(row.handshakesWaiting) },
    ],
    ({ node }) => node,
    "no worker serves",
  );
  const apps = new Table(
    [
      { title: "App", cell: ({ app }) => app },
      { title: "Node", class: "short", cell: ({ node }) => node },
      { title: "Mode", class: "short", cell: ({ mode }) => mode },
      { title: "Connections", class: "number", cell: ({ connections }) => count(connections) },
      { title: "Groups", class: "number", cell: ({ groups }) => count(groups) },
      { title: "Origins", class: "number", cell: ({ origins }) => count(origins) },
    ],
    ({ app, node }) => `${app} ${node}`,
    "none",
  );
  const nodes = nodesTable();
  const element = el(
    "div",
    {},
    title("Overview"),
    reasons,
    el("div", { class: "plots" }, ...monitor.elements),
    el(
      "div",
      { class: "halves" },
      card("This process", members.element),
      card("Apps", apps.element),
    ),
    card("Nodes of the deployment", nodes.element),
  );
  const poll = async () => {
    const { overview } = monitor;
    if (overview !== undefined) {
      const text = overview.ready ? "" : `Not ready: ${overview.reasons.join(", ")}`;
      setText(reasons, text);
      members.show(overview.nodes);
    }
    apps.show((await read("apps")).apps);
    nodes.show((await read("nodes")).nodes);
  };
  return { element, poll };
}

function readyCell(ready, reasons) {
  return badge(ready, ready ? "ready" : reasons.join(", "));
}

function nodesTable() {
  return new Table(
    [
      { title: "Node", cell: ({ node, own }) => (own ? `${node} (here)` : node) },
      { title: "Connections", class: "number", cell: ({ connections }) => count(connections) },
      { title: "Runtime", cell: ({ runtime }) => runtime },
      { title: "Version", cell: ({ version }) => version },
      { title: "Heard of", cell: ({ at }) => `${ago(at)} ago` },
    ],
    ({ node }) => node,
    "no node has announced itself, or the bus cannot be read",
  );
}

export function originsView() {
  const table = new Table(
    [
      { title: "Events go to", cell: ({ kind, name }) => destinationName(kind, name) },
      { title: "App", cell: ({ app }) => app },
      { title: "Node", class: "short", cell: ({ node }) => node },
      { title: "Connections", class: "number", cell: ({ connections }) => count(connections) },
      { title: "Window", class: "wide", cell: windowCell },
      { title: "Lag", class: "number", cell: ({ lagMs }) => (lagMs < 1000 ? "–" : span(lagMs)) },
      { title: "Not read", class: "number", cell: ({ paused }) => count(paused) },
      { title: "State", class: "short", cell: ({ leaving, kind }) => originState(leaving, kind) },
    ],
    ({ app, node, kind, name }) => `${app} ${node} ${kind} ${name}`,
    "none",
  );
  const note = el("p", { class: "quiet" });
  setText(
    note,
    "A window is what is sent and not acknowledged. When it is full, sockets are not read. The " +
      "lag is how long nothing was acknowledged although something was sent.",
  );
  const poll = async () => table.show((await read("origins")).origins);
  return { element: el("div", {}, title("Origins"), card("Windows", table.element, note)), poll };
}

function destinationName(kind, name) {
  if (kind === "origin") return name;
  return kind === "partition" ? `subscribers of partition ${name}` : "nobody: no origin is there";
}

function originState(leaving, kind) {
  if (kind === "waiting") return badge(false, "waiting");
  return leaving ? badge(false, "leaving") : badge(true, "live");
}

function windowCell({ fill, window }) {
  const level = fill >= 0.9 ? "full" : fill >= 0.5 ? "half" : "low";
  const meter = el("span", { class: "meter", "data-level": level });
  const bar = el("span", { class: "bar" });
  // By the object model, which the content security policy permits.
  bar.style.width = `${Math.min(100, fill * 100).toFixed(0)}%`;
  meter.append(bar);
  const items = window.itemsMax === undefined ? "" : `, ${count(window.items)} items`;
  const text = `${(fill * 100).toFixed(0)} % · ${bytes(window.bytes)}${items}`;
  return el("span", {}, meter, el("span", { class: "quiet" }, text));
}

export function brokersView() {
  const table = new Table(
    [
      { title: "Broker", cell: ({ broker }) => broker },
      { title: "For", cell: ({ role }) => role },
      { title: "Node", class: "short", cell: ({ node }) => node },
      { title: "State", class: "short", cell: ({ up }) => badge(up, up ? "up" : "away") },
    ],
    ({ broker, role, node }) => `${broker} ${role} ${node}`,
    "this node has no broker: its bus is inside the process",
  );
  const poll = async () => {
    table.show((await read("brokers")).brokers);
  };
  return { element: el("div", {}, title("Brokers"), card("Connections", table.element)), poll };
}

export function groupsView({ mayAct, overview, go }, _path, query) {
  const apps = overview?.nodes[0]?.apps ?? ["default"];
  const app = query.get("app") ?? apps[0];
  const group = query.get("group") ?? "";
  const choice = el("select", { name: "app" }, ...apps.map((name) => el("option", {}, name)));
  choice.value = app;
  const name = el("input", { name: "group", value: group, required: true, maxlength: "256" });
  name.setAttribute("data-search", "");
  const form = el(
    "form",
    { class: "row search" },
    field("App", choice),
    field("Group", name),
    el("button", {}, "Follow"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go("groups", { app: choice.value, group: name.value });
  });
  const element = el("div", {}, title("Groups"), form);
  if (group === "") {
    const hint = "@all is everybody of an app, and @user/NAME the connections of a user.";
    element.append(el("p", { class: "quiet" }, hint));
    return { element };
  }
  const tail = new TailBox(new URLSearchParams({ app, group }).toString());
  const members = el("a", { href: `#/connections?${new URLSearchParams({ app, group })}` });
  members.append("its members here");
  const { fields, data } = messageFields();
  const send = async () => {
    const answer = await act("publish", { app, group, ...data() });
    const { app: _app, group: _group, nodes: _nodes, ...outcomes } = answer;
    return Object.entries(outcomes)
      .map(([outcome, number]) => `${outcome} ${number}`)
      .join(", ");
  };
  const publish = actionForm("Publish", fields, { button: "Publish", mayAct, send });
  element.append(el("p", {}, members), tail.element, publish);
  return { element, tail, close: () => tail.close() };
}
