/** The page of the example chat, as one self-contained document. */
export const chatPage: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>websocket-service chat</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --line: #8884; --accent: #0b7a75; }
  * { box-sizing: border-box; }
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; display: flex; justify-content: center; }
  main { width: min(42rem, 100%); height: 100dvh; padding: 1rem; display: flex;
    flex-direction: column; gap: .75rem; }
  header { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; }
  h1 { font-size: 1.1rem; margin: 0; }
  #status { font-size: .875rem; opacity: .75; white-space: nowrap; }
  #status[data-state=open]::before { content: "● "; color: #2a9d4a; }
  #status[data-state=closed]::before { content: "● "; color: #c0392b; }
  ol { flex: 1; overflow-y: auto; margin: 0; padding: .75rem; list-style: none;
    border: 1px solid var(--line); border-radius: .5rem; }
  li { margin: .15rem 0; overflow-wrap: anywhere; }
  li.note { opacity: .6; font-size: .875rem; }
  li b { color: var(--accent); margin-right: .5rem; }
  form { display: flex; gap: .5rem; }
  input, button { font: inherit; padding: .5rem .75rem; border-radius: .5rem;
    border: 1px solid var(--line); }
  #name { width: 8rem; } #text { flex: 1; min-width: 0; }
  button { background: var(--accent); border-color: var(--accent); color: #fff; cursor: pointer; }
  footer { font-size: .8rem; opacity: .7; }
  @media (prefers-color-scheme: dark) { :root { --accent: #3fb8b0; } button { color: #08201f; } }
</style>
</head>
<body>
<main>
  <header><h1>Chat over websocket-service</h1>
    <span id="status" role="status" data-state="closed">connecting</span></header>
  <ol id="log" aria-live="polite" aria-label="Messages"></ol>
  <form id="form">
    <input id="name" aria-label="Your name" maxlength="32" autocomplete="off">
    <input id="text" aria-label="Message" placeholder="Say something" maxlength="500"
      autocomplete="off" autofocus>
    <button>Send</button>
  </form>
  <footer>Open this page in a second tab. Each message travels browser → gateway → MQTT broker →
    origin → broker → gateway → every browser.</footer>
</main>
<script>
  const $ = (id) => document.getElementById(id);
  $("name").value = "guest-" + Math.floor(Math.random() * 900 + 100);
  let socket, wait = 250;
  function show(className, name, text) {
    const line = document.createElement("li");
    line.className = className;
    if (name) { const b = document.createElement("b"); b.textContent = name; line.append(b); }
    line.append(text);
    const log = $("log");
    log.append(line);
    while (log.children.length > 500) log.firstChild.remove();
    log.scrollTop = log.scrollHeight;
  }
  function read(data) {
    try {
      return Object(JSON.parse(data));
    } catch {
      return { kind: "said", text: data };
    }
  }
  function status(state, text) {
    $("status").dataset.state = state;
    $("status").textContent = text;
  }
  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(scheme + "//" + location.host + "/chat");
    socket.onopen = () => { wait = 250; status("open", "connected"); };
    socket.onclose = (event) => {
      status("closed", "disconnected (" + event.code + "), trying again");
      setTimeout(connect, wait + Math.random() * wait);
      wait = Math.min(wait * 2, 10000);
    };
    socket.onmessage = (event) => {
      const message = read(event.data);
      if (message.online) status("open", message.online + " online");
      if (message.kind === "joined") show("note", "", "somebody joined");
      if (message.kind === "left") show("note", "", "somebody left");
      if (message.kind !== "said") return;
      // Said as NAME: TEXT. Whatever else the origin makes of it is shown as it comes.
      const [name, ...text] = String(message.text).split(": ");
      if (text.length > 0) show("said", name, text.join(": "));
      else show("said", "", name);
    };
  }
  $("form").onsubmit = (event) => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (!text || socket.readyState !== WebSocket.OPEN) return;
    socket.send($("name").value + ": " + text);
    $("text").value = "";
  };
  connect();
</script>
</body>
</html>
`;
