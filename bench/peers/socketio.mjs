// The npm package socket.io, serving the chat rooms that its users write: join
// a room, send to everybody in it. Nothing is stored.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [host, port] = process.argv[2].split(":");
const http = createServer();
const io = new Server(http, { serveClient: false });

io.on("connection", (socket) => {
  let room;
  socket.on("join-room", (id, done) => {
    room = id;
    socket.join(id);
    socket.to(id).emit("user-joined", { userId: socket.id, timestamp: Date.now() });
    done?.({ ok: true });
  });
  socket.on("message", (data, done) => {
    io.to(room).emit("message", { ...data, userId: socket.id, timestamp: Date.now() });
    done?.({ ok: true });
  });
});
process.on("SIGTERM", () => process.exit(0));
http.listen(Number(port), host);
