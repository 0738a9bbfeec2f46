// Has a conversation with the function, and prints it: npx bun examples/lambda/conversation.ts
// ws://127.0.0.1:3001
import { once } from "node:events";
import { request } from "node:http";
import process from "node:process";

const url: string = process.argv[2] ?? "ws://127.0.0.1:3001";

/** The ids of this run by the names of their clients. */
const names = new Map<string, string>();

function print(line: string): void {
  let text = line;
  for (const [id, name] of names) text = text.replaceAll(id, `ID-OF-${name.toUpperCase()}`);
  console.log(text);
}

/** A client that waits for each answer. */
class Client {
  readonly name: string;
  readonly #socket: WebSocket;
  readonly #received: string[] = [];
  #wake: () => void = () => {};
  readonly #opened: Promise<unknown>;
  closed = false;

  constructor(name: string) {
    this.name = name;
    this.#socket = new WebSocket(`${url}/?name=${name}`);
    this.#opened = once(this.#socket, "open");
    this.#socket.onmessage = ({ data }) => {
      this.#received.push(String(data));
      this.#wake();
    };
    this.#socket.onclose = () => {
      this.closed = true;
      this.#wake();
    };
  }

  async opened(): Promise<void> {
    await this.#opened;
    print(`${this.name} is connected`);
  }

  say(message: unknown): void {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    print(`${this.name} says: ${text}`);
    this.#socket.send(text);
  }

  /** The next message; undefined where the connection ends. */
  async nextText(): Promise<string | undefined> {
    while (this.#received.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.shift();
  }

  async answer(): Promise<void> {
    const text = await this.nextText();
    // Where the function fails, the rest of the answer is different each time.
    const { message } = text?.startsWith("{") ? JSON.parse(text) : { message: text };
    print(text === undefined ? `${this.name} is disconnected` : `${this.name} gets: ${message}`);
  }
}

/** The status of a handshake that is refused. */
async function refusal(): Promise<number | undefined> {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
  };
  const handshake = request(url.replace(/^ws/, "http"), { headers });
  handshake.end();
  const [answer] = await once(handshake, "response");
  answer.resume();
  return answer.statusCode;
}

async function identify(client: Client): Promise<string> {
  client.say({ action: "id" });
  const id = (await client.nextText()) ?? "";
  names.set(id, client.name);
  print(`${client.name} gets: ${id}`);
  return id;
}

print(`a client without a name is refused: ${await refusal()}`);
const [ada, bob] = [new Client("ada"), new Client("bob")];
await ada.opened();
await bob.opened();
await identify(ada);
const bobId = await identify(bob);

ada.say("hello");
await ada.answer();
ada.say({ action: "no such route" });
await ada.answer();
ada.say({ action: "fail" });
await ada.answer();
ada.say({ action: "tell", to: bobId, text: "psst" });
await bob.answer();
await ada.answer();
bob.say({ action: "leave" });
await bob.answer();
ada.say({ action: "tell", to: bobId, text: "are you there?" });
await ada.answer();
ada.say({ action: "leave" });
await ada.answer();
process.exit(0);
