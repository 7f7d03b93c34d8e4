// Node's fetch.
import { readFileSync } from "node:fs";

const [url, file] = process.argv.slice(2);
const body = readFileSync(file);
for (let sent = 0; sent < 2; sent++) {
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  await response.arrayBuffer();
  console.log(response.status);
}
