// How a peer is reached: Express for REST, Socket.IO or bare `ws` for sockets. Frames are named as ours are, and a
// send gives the same of them: one ack, and one event for every socket of the chat, the sender's included.
import { createAdapter } from "@socket.io/redis-adapter";
import express from "express";
import { createClient } from "redis";
import { Server } from "socket.io";
import { WebSocket, WebSocketServer } from "ws";

const bearer = (headers) => (headers.authorization ?? "").replace("Bearer ", "");
const event = (message) => ({ chat: message.chat, seq: message.seq, data: message });

export function rest(job) {
  const app = express();
  app.use(express.json());
  app.use(async (request, response, next) => {
    try {
      request.user = await job.authenticate(bearer(request.headers));
    } catch {
      return response.sendStatus(401);
    }
    next();
  });
  app.post("/api/v1/chats/:chat/messages", async (request, response) => {
    const { status, message } = await job.send(request.user, { ...request.body, chat: request.params.chat });
    response.status(status).json(message);
  });
  app.get("/api/v1/chats/:chat/messages", async (request, response) => {
    const { status, page } = await job.page(request.user, request.params.chat);
    response.status(status).json(page);
  });
  return app;
}

export async function socketio(job, server, { redis }) {
  const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
  if (redis) {
    const publisher = createClient({ url: redis });
    const subscriber = publisher.duplicate();
    await Promise.all([publisher.connect(), subscriber.connect()]);
    io.adapter(createAdapter(publisher, subscriber));
  }
  io.use(async (socket, next) => {
    try {
      socket.data.user = await job.authenticate(socket.handshake.auth.token);
      next();
    } catch {
      next(new Error("not authenticated"));
    }
  });
  io.on("connection", (socket) => {
    socket.join(socket.handshake.auth.chat);
    socket.on("message.send", async (data, ack) => {
      const { status, message } = await job.send(socket.data.user, data);
      ack(message ?? { error: { status } });
      if (status === 201) io.to(data.chat).emit("message.sent", event(message));
    });
  });
}

export function ws(job, server) {
  const chats = new Map(); // the sockets of each
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", async (request, connection, head) => {
    let user;
    try {
      user = await job.authenticate(bearer(request.headers));
    } catch {
      return connection.destroy();
    }
    sockets.handleUpgrade(request, connection, head, (socket) => {
      const chat = new URL(request.url, "http://peer").searchParams.get("chat");
      if (!chats.has(chat)) chats.set(chat, new Set());
      chats.get(chat).add(socket);
      socket.on("close", () => chats.get(chat).delete(socket));
      socket.on("message", async (frame) => {
        const { id, data } = JSON.parse(frame);
        const { status, message } = await job.send(user, data);
        if (status !== 201) return socket.send(JSON.stringify({ type: "error", id, error: { status } }));
        socket.send(JSON.stringify({ type: "ack", id, data: message }));
        const text = JSON.stringify({ type: "message.sent", ...event(message) });
        for (const each of chats.get(data.chat)) if (each.readyState === WebSocket.OPEN) each.send(text);
      });
      socket.send('{"type":"hello"}');
    });
  });
}
