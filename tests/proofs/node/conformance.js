// node conformance.js <ws|socketio>      In: {"do": "open", "n": 1, …} on a line.      Out: what `sockets.js` tells.
import readline from "node:readline";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { nativeSockets, socketioSockets } from "./sockets.js";

const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const sockets = process.argv[2] === "ws" ? nativeSockets(WebSocket, tell) : socketioSockets(io, tell);

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { do: what, ...told } = JSON.parse(line);
  sockets[what](told);
});
