// sdk.mjs FOLDER URL BODY_FILE COUNT: the official Node SDK, installed in FOLDER,
// contacts.updateContact 64 (or AT_ONCE) at once over connections that are kept. Prints the
// seconds that COUNT of them took, and those of them on a processor.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import http from "node:http";
import https from "node:https";

const AT_ONCE = Number(process.env.AT_ONCE ?? 64);
const WARM_UP = Number(process.env.WARM_UP ?? 1000);

const [folder, url, bodyFile, count] = process.argv.slice(2);
const { HighLevel } = createRequire(folder + "/")("@gohighlevel/api-client");
const [, baseURL, contactId] = url.match(/^(.*)\/contacts\/(.*)$/);
const fields = JSON.parse(readFileSync(bodyFile, "utf8"));

const client = new HighLevel({
  privateIntegrationToken: "pit-0123456789",
  apiVersion: "2021-07-28",
  logLevel: "none",
});
const agent = { keepAlive: true, maxSockets: AT_ONCE };
Object.assign(client.getHttpClient().defaults, {
  baseURL,
  proxy: false,
  httpAgent: new http.Agent(agent),
  httpsAgent: new https.Agent(agent),
});

async function update(n) {
  let left = n;
  async function worker() {
    while (left-- > 0) {
      const answer = await client.contacts.updateContact({ contactId }, fields);
      if (answer.contact.email !== "rosan@deos.com") throw new Error("wrong answer");
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker)).catch((error) => {
    console.error(error.message); // and not all that hangs on it
    process.exit(1);
  });
}

await update(WARM_UP);
const start = performance.now();
const startCpu = process.cpuUsage();
await update(Number(count));
const seconds = (performance.now() - start) / 1e3;
const cpu = process.cpuUsage(startCpu);
console.log(seconds.toFixed(6), ((cpu.user + cpu.system) / 1e6).toFixed(6));
process.exit(0); // idle connections would keep it
