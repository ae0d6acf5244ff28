// node peer.js <insertOnly|wholeJob> <rest|socketio|ws>     PORT, DATABASE_URL, JWT_SECRET; REDIS_URL adds the adapter
import { createServer } from "node:http";
import * as doors from "./doors.js";
import * as jobs from "./jobs.js";

const [job, door] = process.argv.slice(2);
const server = createServer(doors.rest(jobs[job]));
if (door !== "rest") await doors[door](jobs[job], server, { redis: process.env.REDIS_URL });
server.listen(Number(process.env.PORT), "127.0.0.1");
