// ShipEngine's own library for JavaScript against version 2 of ShipStation. It knows paths below /v1/ of a host alone, so that a
// server between the two gives them their mount and version.

import http from "node:http";
import ShipEngineModule from "shipengine";

import { BASE, check, equal, finish } from "./sandbox/index.mjs";

const ShipEngine = ShipEngineModule.ShipEngine ?? ShipEngineModule.default ?? ShipEngineModule;

const between = http.createServer(async (asked, answer) => {
  const chunks = [];
  for await (const chunk of asked) chunks.push(chunk);
  const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
  const headers = { "api-key": asked.headers["api-key"] ?? "", "content-type": "application/json" };
  const found = await fetch(`${BASE}/shipstation${asked.url.replace("/v1/", "/v2/")}`, { method: asked.method, headers, body });
  const kept = ["content-type", "retry-after"].map((name) => [name, found.headers.get(name)]).filter(([, value]) => value !== null);
  answer.writeHead(found.status, Object.fromEntries(kept));
  answer.end(Buffer.from(await found.arrayBuffer()));
});
await new Promise((resolve) => between.listen(0, "127.0.0.1", resolve));
const baseURL = `http://127.0.0.1:${between.address().port}`;
const client = (apiKey) => new ShipEngine({ apiKey, baseURL, retries: 0 });
const api = client("TEST_seatrial");

const to = { name: "Ada Sample", phone: "555-010-0199", addressLine1: "123 Example St", cityLocality: "Vista", stateProvince: "CA",
  postalCode: "92081", countryCode: "US", addressResidentialIndicator: "yes" };
const from = { ...to, name: "Sam Sender", addressLine1: "1 Example St", cityLocality: "San Francisco", postalCode: "94117" };
const packages = [{ weight: { value: 1, unit: "pound" } }];

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

await check("carriers, rates and a label at one of them", async () => {
  const carriers = await api.listCarriers();
  equal(carriers.map((carrier) => carrier.carrierCode).join(), "stamps_com,ups,fedex");
  const carrierIds = carriers.map((carrier) => carrier.carrierId);
  const rated = await api.getRatesWithShipmentDetails({ shipment: { shipTo: to, shipFrom: from, packages }, rateOptions: { carrierIds } });
  const label = await api.createLabelFromRate({ rateId: rated.rateResponse.rates[0].rateId });
  equal(label.status, "completed");
});

await check("a label is bought, followed and voided", async () => {
  const shipment = { carrierId: "se-128005", serviceCode: "usps_ground_advantage", shipTo: to, shipFrom: from, packages };
  const label = await api.createLabelFromShipmentDetails({ shipment });
  equal((await api.trackUsingLabelId(label.labelId)).statusCode, "NY");
  equal((await api.trackUsingCarrierCodeAndTrackingNumber({ carrierCode: "stamps_com", trackingNumber: label.trackingNumber })).statusCode, "NY");
  equal((await api.voidLabelWithLabelId(label.labelId)).approved, true);
  equal((await api.validateAddresses([to]))[0].status, "verified");
});

await check("errors have the type and code of the vendor", async () => {
  const malformed = await refused(() => api.trackUsingLabelId("bad"));
  equal(`${malformed.type} ${malformed.code} ${malformed.message}`, "business_rules unspecified id parameter is in the wrong format");
  const unknown = await refused(() => api.trackUsingLabelId("se-1"));
  equal(`${unknown.type} ${unknown.code} ${unknown.message}`, "business_rules invalid_identifier Invalid label_id.");
});

await check("limits are those of the vendor, and say how long to wait", async () => {
  const scenario = await fetch(`${BASE}/_seatrial/sandboxes/default/scenario`, {
    method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ rate_limits: "vendor" }),
  });
  equal(scenario.status, 200);
  for (let call = 0; call < 20; call += 1) await api.listCarriers();
  const limited = await refused(() => api.listCarriers());
  equal(`${limited.name} ${limited.retryAfter > 0 && limited.retryAfter <= 60_000}`, "RateLimitExceededError true");
});

between.close();
between.closeAllConnections();
finish();
