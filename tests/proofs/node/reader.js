// A member on Node's `ws`: connects, resumes, and says each frame of the chat on a line of its own.
// node reader.js <chat> <token> <url> [<url>…]     the next url is tried when one does not answer
// In: a newer token on a line, for the next connection
import readline from "node:readline";
import WebSocket from "ws";

let [chat, token, ...urls] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let position = 0;
let epoch;
let tries = 0;

function connect() {
  const socket = new WebSocket(`${urls[tries++ % urls.length]}/ws`, "serai.v1", {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: 3000,
  });
  socket.on("message", (data) => {
    const frame = JSON.parse(data);
    if (frame.type === "hello") {
      epoch ??= frame.epoch;
      say({ type: "hello" });
      tries--; // this one answers: come back here first
      socket.send(JSON.stringify({ type: "resume", epoch, chats: { [chat]: position } }));
    } else if (frame.type === "resumed" || frame.type === "reset") {
      say({ type: frame.type, seq: frame.chats[chat]?.seq });
    } else if (frame.chat === chat && frame.seq) {
      position = Math.max(position, frame.seq);
      say({ type: frame.type, seq: frame.seq, message: frame.data.id });
    }
  });
  socket.on("error", () => {}); // `close` follows
  socket.on("close", () => setTimeout(connect, 100));
}

readline.createInterface({ input: process.stdin }).on("line", (line) => (token = line));
connect();
