// The sockets of the conformance script, in Node and in a page alike. Each has a number; what comes is told in lines.

export function nativeSockets(Socket, tell) {
  const sockets = {};
  return {
    open({ n, url, protocols, headers }) {
      // A browser's has no third argument: who gives it headers asks for what a page can't do.
      const socket = (sockets[n] = headers ? new Socket(url, protocols, { headers }) : new Socket(url, protocols));
      socket.onopen = () => tell({ n, event: "open", protocol: socket.protocol });
      socket.onmessage = ({ data }) => tell({ n, event: "frame", frame: JSON.parse(data) });
      socket.onclose = ({ code }) => tell({ n, event: "close", code });
      socket.onerror = () => {}; // `onclose` follows
    },
    say: ({ n, frame }) => sockets[n].send(JSON.stringify(frame)),
    garbage: ({ n }) => sockets[n].send("no frame"),
    close: ({ n }) => sockets[n].close(),
  };
}

export function socketioSockets(io, tell) {
  const sockets = {};
  const codes = { not_authenticated: 4401, not_allowed: 4403 }; // of who is not let in
  const answers = { resume: "resumed", ping: "pong" };
  return {
    open({ n, url, path, auth, headers, query }) {
      let code = 1006;
      const options = { path, auth, query, extraHeaders: headers, forceNew: true, reconnection: false };
      const socket = (sockets[n] = io(url, options));
      socket.on("connect", () => tell({ n, event: "open" }));
      socket.onAny((type, frame) => {
        if (type === "closing") code = frame.code;
        else tell({ n, event: "frame", frame: { type, ...frame } });
      });
      socket.on("connect_error", ({ data }) => tell({ n, event: "close", code: codes[data?.code] ?? code }));
      socket.on("disconnect", () => tell({ n, event: "close", code }));
    },
    say({ n, frame: { type, id, data, ...members } }) {
      sockets[n].emit(type, data ?? members, (answer) => {
        let frame = { type: "ack", id, data: answer };
        if (answer.error) frame = { type: "error", id, error: answer.error };
        else if (type in answers) frame = { ...answer, type: answers[type], id };
        tell({ n, event: "frame", frame });
      });
    },
    garbage: ({ n }) => sockets[n].io.engine.write("no packet"),
    close: ({ n }) => sockets[n].disconnect(),
  };
}
