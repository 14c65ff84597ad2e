// What a program built on Cloudflare's own SDK does with a zone: node cloudflare_client.mjs URL TOKEN ZONE.
// Prints one JSON object.
import Cloudflare from "cloudflare";

const [baseURL, apiToken, name] = process.argv.slice(2);
const client = new Cloudflare({ apiToken, baseURL, maxRetries: 0 });

const said = { verify: (await client.user.tokens.verify()).status, pages: [] };
for await (const zone of client.zones.list({ per_page: 5 })) said.pages.push(zone.name);
const found = await client.zones.list({ name });
const zone_id = found.result[0].id;
said.zone = (await client.zones.get({ zone_id })).name;
said.before = (await client.dns.dnssec.get({ zone_id })).status;
said.patched = (await client.dns.dnssec.edit({ zone_id, status: "active" })).status;
for (let i = 0; i < 50 && !said.on?.ds; i++) {
  await new Promise((done) => setTimeout(done, 100));
  said.on = await client.dns.dnssec.get({ zone_id });
}
said.off = (await client.dns.dnssec.edit({ zone_id, status: "disabled" })).status;
await client.dns.dnssec.delete({ zone_id });
try {
  await client.zones.get({ zone_id: "f".repeat(32) });
} catch (error) {
  said.missing = { name: error.constructor.name, status: error.status, code: error.errors?.[0]?.code };
}
console.log(JSON.stringify(said));
