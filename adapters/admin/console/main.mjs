import { ApiError, read, setToken } from "./api.mjs";
import { connectionsView, connectionView } from "./connections.mjs";
import { el, setText } from "./dom.mjs";
import { span } from "./format.mjs";
import { Monitor } from "./monitor.mjs";
import { brokersView, groupsView, originsView, overviewView } from "./views.mjs";

const pollMs = 2_000;
const themeKey = "console-theme";

const views = [
  { name: "overview", title: "Overview", key: "1", make: overviewView },
  { name: "connections", title: "Connections", key: "2", make: connectionsView },
  { name: "groups", title: "Groups", key: "3", make: groupsView },
  { name: "origins", title: "Origins", key: "4", make: originsView },
  { name: "brokers", title: "Brokers", key: "5", make: brokersView },
  { name: "connection", make: connectionView, of: "connections" },
];

const byId = (id) => document.getElementById(id);
const monitor = new Monitor();
let session;
let shown;

/** What a view works with. */
function context() {
  return {
    monitor,
    overview: monitor.overview,
    mayAct: session?.rights.includes("act") === true,
    go,
  };
}

function go(name, parameters = {}) {
  const said = Object.entries(parameters).filter(([, value]) => value !== "");
  const query = new URLSearchParams(said).toString();
  const hash = `#/${name}${query === "" ? "" : `?${query}`}`;
  if (location.hash === hash) show();
  else location.hash = hash;
}

/** Shows the view that the address names. */
function show() {
  const [place = "", query = ""] = location.hash.replace(/^#\//, "").split("?");
  const [name, ...rest] = place.split("/");
  const view = views.find((one) => one.name === name) ?? views[0];
  shown?.close?.();
  shown = view.make(context(), rest.join("/"), new URLSearchParams(query));
  byId("view").replaceChildren(shown.element);
  for (const link of byId("nav").children) {
    const isHere = link.dataset.name === (view.of ?? view.name);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  void pollView(shown);
}

async function pollView(view) {
  try {
    await view.poll?.();
    if (view === shown) tell("");
  } catch (error) {
    if (view === shown) failed(error);
  }
}

function failed(error) {
  if (error instanceof ApiError && error.status === 401) askForToken();
  else if (error instanceof ApiError) tell(error.message);
  else throw error;
}

function tell(trouble) {
  setText(byId("trouble"), trouble);
}

/** Asks the node again and again, and nothing while nobody looks. */
async function poll() {
  if (!document.hidden && session !== undefined) await pollOnce();
  setTimeout(poll, pollMs);
}

async function pollOnce() {
  const state = byId("state");
  try {
    monitor.take(await read("overview"));
    const { node, version, runtime, engine, startedAt, at, ready, workers } = monitor.overview;
    state.dataset.state = ready ? "ready" : "not-ready";
    state.title = ready ? "ready" : "not ready";
    setText(byId("node"), node);
    const processes = workers > 0 ? `, ${workers} workers` : "";
    const about = `${version}, ${runtime} ${engine}${processes}, ${span(at - startedAt)}`;
    setText(byId("about"), about);
    // The header has fixed places: what is too long for one is cut.
    byId("node").title = node;
    byId("about").title = about;
    if (shown !== undefined) await pollView(shown);
  } catch (error) {
    state.dataset.state = "unknown";
    failed(error);
  }
}

async function begin() {
  try {
    session = await read("session");
    const isReader = !session.rights.includes("act");
    const who = isReader ? `${session.who} (reads only)` : session.who;
    setText(byId("who"), who);
    byId("who").title = who;
    await pollOnce();
    show();
  } catch (error) {
    failed(error);
    if (!(error instanceof ApiError) || error.status === 0) setTimeout(begin, pollMs);
  }
}

function askForToken() {
  session = undefined;
  const dialog = byId("login");
  if (!dialog.open) dialog.showModal();
}

function prepareLogin() {
  const [form, token, fault] = [byId("login-form"), byId("token"), byId("login-fault")];
  byId("login").addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setToken(token.value);
    try {
      await read("session");
      token.value = "";
      setText(fault, "");
      byId("login").close();
      tell("");
      await begin();
    } catch (error) {
      setText(fault, error.status === 401 ? "This is not the token." : error.message);
    }
  });
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(themeKey, theme);
}

function toggleTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const now = document.documentElement.dataset.theme ?? system;
  setTheme(now === "dark" ? "light" : "dark");
}

const keys = [
  ...views.filter(({ key }) => key).map(({ key, title, name }) => [key, title, () => go(name)]),
  ["/", "Search", () => document.querySelector("[data-search]")?.focus()],
  ["p", "Pause the live view, or go on", () => shown?.tail?.toggle()],
  ["t", "Dark or light", toggleTheme],
  ["?", "This list", () => byId("keys").showModal()],
];

function onKey(event) {
  const isTyping = event.target.closest("input, textarea, select") !== null;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
    return;
  }
  if (event.key === "Escape" && isTyping) event.target.blur();
  const found = keys.find(([key]) => key === event.key);
  if (isTyping || found === undefined) return;
  event.preventDefault();
  found[2]();
}

function prepare() {
  const theme = localStorage.getItem(themeKey);
  if (theme !== null) setTheme(theme);
  for (const { name, title, key } of views.filter((view) => view.title)) {
    const attributes = { href: `#/${name}`, "data-name": name, title: `${title} (${key})` };
    byId("nav").append(el("a", attributes, title));
  }
  for (const [key, text] of keys) {
    byId("key-list").append(el("dt", {}, el("kbd", {}, key)), el("dd", {}, text));
  }
  byId("theme").addEventListener("click", toggleTheme);
  byId("help").addEventListener("click", () => byId("keys").showModal());
  addEventListener("keydown", onKey);
  addEventListener("hashchange", show);
  prepareLogin();
}

prepare();
await begin();
void poll();
