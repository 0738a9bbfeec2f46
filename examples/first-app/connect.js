/** The first wait, in milliseconds. It doubles up to the last one. */
const firstWaitMs = 500;
const lastWaitMs = 30_000;

/** A connection that comes back. `onMessage` gets each message, `onState` gets true or false. */
export function connect(url, { onMessage, onState = () => {} }) {
  let socket;
  let failures = 0;
  let timer;

  const open = () => {
    socket = new WebSocket(url);
    socket.onopen = () => {
      failures = 0;
      onState(true);
    };
    socket.onmessage = ({ data }) => onMessage(data);
    socket.onclose = () => {
      onState(false);
      timer = setTimeout(open, waitMs(failures));
      failures += 1;
    };
  };

  open();
  return {
    /** Returns false if the text cannot be sent now. */
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    /** Ends it for good. */
    close() {
      clearTimeout(timer);
      socket.onclose = () => onState(false);
      socket.close();
    },
  };
}

/** A random time: clients that were cut together do not all come back at one moment. */
export function waitMs(failures, random = Math.random) {
  const most = Math.min(lastWaitMs, firstWaitMs * 2 ** failures);
  return most / 2 + (most / 2) * random();
}
