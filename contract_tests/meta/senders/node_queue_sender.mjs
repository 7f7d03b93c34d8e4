// fetch with a small queue worker: one event to a URL, with retries a fixed pause apart.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const [url, file, pause, tries, timeout] = process.argv.slice(2);
const id = randomUUID().replaceAll("-", "");
const queue = [{ body: readFileSync(file, "utf8").replaceAll("UNIQUE", id), tries: 0 }];

const waitMs = (response) => {
  const asked = response?.headers.get("retry-after");
  if (!asked) return pause * 1000;
  return /^\d+$/.test(asked) ? asked * 1000 : Math.max(0, Date.parse(asked) - Date.now());
};

while (queue.length > 0) {
  const job = queue.shift();
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      body: job.body,
      headers: { "Content-Type": "application/json", "X-Sent-By": "node" },
      redirect: "manual",
      signal: AbortSignal.timeout(timeout * 1000),
    });
    await response.arrayBuffer();
  } catch {
    response = undefined;
  }
  if (response?.ok || response?.status === 410 || job.tries >= tries) continue;
  await new Promise((wake) => setTimeout(wake, waitMs(response)));
  queue.push({ body: job.body, tries: job.tries + 1 });
}
