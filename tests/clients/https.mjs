// TLS and the forward proxy from Node: `fetch`, and the libraries of vendors at their own addresses. The runner says by
// NODE_EXTRA_CA_CERTS whom to trust; before Node 24 it takes undici's dispatcher for `fetch` to heed HTTPS_PROXY.

import assert from "node:assert/strict";
import https from "node:https";

import proxyAgent from "https-proxy-agent";
import shippo from "shippo";
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

import { BASE, check, equal, finish } from "./sandbox/index.mjs";

const headers = { authorization: "ShippoToken shippo_test_seatrial" };

await check("fetch trusts the authority", async () => {
  const answer = await fetch(`${process.env.SEATRIAL_HTTPS_URL}/shippo/addresses/`, { headers });
  equal(answer.status, 200);
  await answer.arrayBuffer();
});

process.env.HTTPS_PROXY = process.env.SEATRIAL_PROXY_URL;
process.env.NO_PROXY = "127.0.0.1";
setGlobalDispatcher(new EnvHttpProxyAgent());

await check("fetch through the proxy, and to nobody else", async () => {
  const page = await (await fetch("https://api.goshippo.com/carrier_accounts/?results=1", { headers })).json();
  assert(page.next.startsWith("https://api.goshippo.com/carrier_accounts/?"), page.next);
  await assert.rejects(fetch("https://hub.example/"));
  const unmatched = await (await fetch(`${BASE}/_seatrial/requests/unmatched`)).text();
  assert(unmatched.includes("hub.example:443"), unmatched);
});

await check("Shippo's library buys a label at its own address", async () => {
  const api = new shippo.Shippo({ apiKeyHeader: "shippo_test_seatrial" });
  const place = { name: "Ada", street1: "215 Clayton St", city: "San Francisco", state: "CA", zip: "94117", country: "US",
    phone: "4155550101", email: "ada@example.com" };
  const parcel = { length: "5", width: "5", height: "5", distanceUnit: "in", weight: "2", massUnit: "lb" };
  const shipment = await api.shipments.create({ addressFrom: place, addressTo: place, parcels: [parcel], async: false });
  const bought = await api.transactions.create({ rate: shipment.rates[0].objectId, async: false });
  equal(bought.status, "SUCCESS");
  assert(bought.labelUrl.startsWith("https://api.goshippo.com/"), bought.labelUrl);
  const label = Buffer.from(await (await fetch(bought.labelUrl)).arrayBuffer());
  equal(label.subarray(0, 4).toString(), "%PDF");
});

await check("ShipEngine's library calls ShipStation at its own address", async () => {
  // It brings node-fetch, which knows no proxy but that of the usual agent, and puts it in the place of `fetch`.
  https.globalAgent = proxyAgent(process.env.SEATRIAL_PROXY_URL);
  const module = await import("shipengine");
  const ShipEngine = module.ShipEngine ?? module.default.ShipEngine ?? module.default;
  const theirs = globalThis.fetch;
  // It knows the paths of the first version alone.
  globalThis.fetch = (url, options) => theirs(url.replace("/v1/", "/v2/"), options);
  const api = new ShipEngine({ apiKey: "TEST_seatrial", baseURL: "https://api.shipstation.com", retries: 0 });
  const carriers = await api.listCarriers();
  equal(carriers.map((carrier) => carrier.carrierCode), ["stamps_com", "ups", "fedex"]);
});

finish();
