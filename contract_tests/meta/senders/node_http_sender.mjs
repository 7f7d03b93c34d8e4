// Node's http module, over one connection. Nobody says how long the body is, so it goes out chunked.
import { createReadStream } from "node:fs";
import { Agent, request } from "node:http";

const [url, file] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const send = () =>
  new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json" };
    const outgoing = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    outgoing.on("error", reject);
    createReadStream(file).pipe(outgoing);
  });
console.log(await send());
console.log(await send());
agent.destroy();
