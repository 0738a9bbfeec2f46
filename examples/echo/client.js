// Sends a message to the echo. It runs in a browser's console, too.
const socket = new WebSocket("ws://127.0.0.1:8080/");
socket.onopen = () => socket.send("hello");
socket.onmessage = ({ data }) => console.log(`it says ${data}`);
socket.onclose = ({ code, reason }) => console.log(`closed: ${code} ${reason}`);
