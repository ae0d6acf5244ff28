// A member on socket.io-client: hears a chat through restarts, and says what it is told to by lines of JSON.
// node socketio.js <polling|websocket|both> <chat> <token> <url> [<url>…]    the next url when one does not answer
// In:  {"emit": name, "data": …, "id": n}       Out: {"type": …} for each event, {"type": "answer", "id": n, "data": …}
import readline from "node:readline";
import { io } from "socket.io-client";

const [kind, chat, token, ...urls] = process.argv.slice(2);
const transports = kind === "both" ? ["polling", "websocket"] : [kind];
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let socket;
let position = 0;
let epoch;
let tries = 0;

function connect() {
  const url = new URL(urls[tries++ % urls.length]);
  socket = io(url.origin, {
    path: url.pathname === "/" ? "/socket.io/" : url.pathname,
    transports,
    auth: { token },
    reconnection: urls.length === 1,
    reconnectionDelay: 100, // milliseconds
    reconnectionDelayMax: 200,
    forceNew: true,
    timeout: 3000,
  });
  socket.io.on("open", () => {
    const { engine } = socket.io;
    say({ type: "transport", name: engine.transport.name });
    engine.on("upgrade", ({ name }) => say({ type: "transport", name }));
  });
  socket.on("connect_error", (error) => {
    say({ type: "connect_error", message: error.message, data: error.data });
    if (!error.data) again();
  });
  socket.on("disconnect", (reason, details) => {
    say({ type: "disconnect", reason, code: details?.context?.code });
    if (!reason.startsWith("io ")) again();
  });
  socket.onAny((name, frame) => {
    if (name === "hello") {
      epoch ??= frame.epoch;
      say({ type: "hello" });
      socket.emit("resume", { epoch, chats: { [chat]: position } });
    } else if (name === "resumed" || name === "reset") {
      say({ type: name, seq: frame.chats[chat]?.seq });
    } else if (frame.chat === chat && frame.seq) {
      position = Math.max(position, frame.seq);
      say({ type: name, seq: frame.seq, message: frame.data.id, chat });
    } else {
      say({ type: name, frame });
    }
  });
}

function again() {
  if (urls.length > 1) {
    socket.removeAllListeners();
    socket.disconnect();
    setTimeout(connect, 100);
  }
}

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { emit, data, id } = JSON.parse(line);
  if (emit === "disconnect") return socket.disconnect();
  try {
    say({ type: "answer", id, data: await socket.timeout(10000).emitWithAck(emit, data) });
  } catch (error) {
    say({ type: "unanswered", id, error: String(error) });
  }
});

connect();
