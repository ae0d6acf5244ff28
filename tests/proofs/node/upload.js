// Uploads a file with tus-js-client, and says how far it is on lines of their own.
// node upload.js <file> <endpoint> <token> <bytes of a piece>     goes on where an earlier run was ended
import fs from "node:fs";
import path from "node:path";
import tus from "tus-js-client";

const [file, endpoint, token, piece] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let fileId = null;

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: Number(piece),
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: path.basename(file), purpose: "proof" },
  retryDelays: Array(960).fill(250), // milliseconds: four minutes without a server
  urlStorage: new tus.FileUrlStorage("uploads.json"),
  onBeforeRequest: (request) => say({ method: request.getMethod() }),
  onAfterResponse: (request, response) => {
    fileId = response.getHeader("Upload-File") ?? fileId;
    say({ status: response.getStatus() });
  },
  onChunkComplete: (size, sent) => say({ sent }),
  onError: (error) => {
    say({ error: String(error) });
    process.exitCode = 1;
  },
  onSuccess: () => say({ done: true, url: upload.url, file: fileId }),
});
const earlier = await upload.findPreviousUploads();
if (earlier.length) upload.resumeFromPreviousUpload(earlier[0]);
upload.start();
