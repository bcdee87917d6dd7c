// Shippo's own library for JavaScript: every resource, pages, errors, a label and a batch, without an answer that it cannot read.
//
// Runs in a sandbox of its own, whose account answers parcel templates as the specification has them: what the vendor's test mode
// was seen to answer in 2026 this library does not read.

import assert from "node:assert/strict";

import shippo from "shippo";
import failures from "shippo/models/errors/index.js";

import { BASE, check, finish } from "./sandbox/index.mjs";

const { Shippo } = shippo;
const equal = assert.deepStrictEqual;

/** Asks the admin API. */
async function admin(method, path, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${BASE}/_seatrial${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert(answer.ok, `${answer.status}: ${await answer.clone().text()}`);
  return answer.json();
}

const row = (mode) => ({ token: `shippo_${mode}_script`, mode, published_templates: true });
const scenario = JSON.stringify({ name: "library", accounts: { shippo: [row("test"), row("live")] } });
await admin("POST", "/sandboxes", { name: "shippo-node", scenario });

const host = { serverURL: `${BASE}/shippo` };
const api = new Shippo({ apiKeyHeader: "shippo_test_script", ...host });
const live = new Shippo({ apiKeyHeader: "shippo_live_script", ...host });

const USPS = "2c05985c735e64bdfeff181cc4c148cc";
const sender = { name: "Sam Quay", street1: "215 Clayton St", city: "San Francisco", state: "CA", zip: "94117", country: "US",
  phone: "4155550101", email: "sam@example.com" };
const receiver = { name: "Alex Harbour", street1: "965 Mission St", city: "San Francisco", state: "CA", zip: "94103", country: "US",
  phone: "4155550102", email: "alex@example.com" };
const parcel = { length: "5", width: "5", height: "5", distanceUnit: "in", weight: "2", massUnit: "lb" };
const shipment = { addressFrom: sender, addressTo: receiver, parcels: [parcel], async: false };

async function buy() {
  const { rates } = await api.shipments.create({ ...shipment, carrierAccounts: [USPS] });
  const bought = await api.transactions.create({ rate: rates[0].objectId, async: false });
  equal(bought.status, "SUCCESS");
  return bought;
}

/** What the library throws for a refusal. */
async function refused(status, call) {
  const error = await call().then(() => assert.fail("the call was not refused"), (error) => error);
  assert(error instanceof failures.SDKError, `${error}`);
  equal(error.statusCode, status);
  return error.body;
}

const clock = "/sandboxes/shippo-node/clock";
const advance = (by) => admin("POST", `${clock}/advance`, { by });
const now = async () => new Date((await admin("GET", clock)).now);

async function pages(list) {
  const rows = [];
  for (let number = 1; ; number += 1) {
    const page = await list(number);
    rows.push(...page.results);
    if (!page.next) return rows;
  }
}

async function isPdf(url) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  equal(new TextDecoder().decode(bytes.slice(0, 5)), "%PDF-");
}

await check("shippo node: addresses", async () => {
  const made = await api.addresses.create(sender);
  equal((await api.addresses.get(made.objectId)).name, "Sam Quay");
  const checked = await api.addresses.validate(made.objectId);
  equal([checked.validationResults.isValid, checked.objectId === made.objectId], [true, false]);
});

await check("shippo node: 250 parcels in pages", async () => {
  const made = new Set();
  for (let count = 0; count < 250; count += 1) made.add((await api.parcels.create(parcel)).objectId);
  const found = await pages((page) => api.parcels.list(page, 100));
  equal(new Set(found.map((row) => row.objectId)), made);
  equal((await api.parcels.get(found[0].objectId)).length, "5.0000");
});

await check("shippo node: parcel templates", async () => {
  assert((await api.carrierParcelTemplates.list("all")).results.length > 60);
  equal((await api.carrierParcelTemplates.get("USPS_SoftPack")).carrier, "USPS");
  equal((await api.userParcelTemplates.list({})).results, undefined);
  const size = { name: "Box", length: "10", width: "8", height: "6", distanceUnit: "in" };
  const { objectId } = await api.userParcelTemplates.create({ ...size, weight: "1", weightUnit: "lb" });
  equal((await api.userParcelTemplates.update(objectId, { ...size, name: "Crate" })).name, "Crate");
  equal((await api.userParcelTemplates.get(objectId)).name, "Crate");
  equal((await api.ratesAtCheckout.updateDefaultParcelTemplate({ objectId })).result.name, "Crate");
  equal((await api.ratesAtCheckout.getDefaultParcelTemplate({})).result.objectId, objectId);
  await api.ratesAtCheckout.deleteDefaultParcelTemplate({});
  equal((await api.userParcelTemplates.list({})).results.length, 1);
  await api.userParcelTemplates.delete(objectId);
});

await check("shippo node: shipments and rates", async () => {
  const made = await api.shipments.create(shipment);
  equal((await api.shipments.get(made.objectId)).rates.length, made.rates.length);
  equal((await api.rates.get(made.rates[0].objectId)).shipment, made.objectId);
  equal((await api.rates.listShipmentRates(made.objectId)).results.length, made.rates.length);
  const local = await api.rates.listShipmentRatesByCurrencyCode({ shipmentId: made.objectId, currencyCode: "EUR" });
  equal(local.results[0].currencyLocal, "EUR");
  equal((await api.shipments.list({})).results[0].objectId, made.objectId);
  await api.shipments.create(shipment);
  const first = await api.shipments.list({ results: 1, pageToken: "" });
  const last = await api.shipments.list({ results: 1, pageToken: new URL(first.next).searchParams.get("page_token") });
  equal(last.results.map((row) => row.objectId), [made.objectId]);
});

await check("shippo node: a label, its manifest and its refund", async () => {
  const bought = await buy();
  await isPdf(bought.labelUrl);
  equal((await api.transactions.get(bought.objectId)).trackingNumber, bought.trackingNumber);
  equal((await api.transactions.list({ objectStatus: "SUCCESS" })).results.length, 1);
  const manifest = await api.manifests.create({ carrierAccount: USPS, shipmentDate: (await now()).toISOString(), addressFrom: sender,
    transactions: [bought.objectId], async: false });
  equal(manifest.status, "SUCCESS");
  equal((await api.manifests.get(manifest.objectId)).transactions, [bought.objectId]);
  equal((await api.manifests.list()).results.length, 1);
  const refund = await api.refunds.create({ transaction: bought.objectId, async: false });
  equal((await api.refunds.get(refund.objectId)).status, "PENDING");
  equal((await api.refunds.list({})).results.length, 1);
});

await check("shippo node: a label in one call", async () => {
  const bought = await api.transactions.create({ carrierAccount: USPS, servicelevelToken: "usps_priority", shipment, async: false });
  equal([bought.status, bought.rate.servicelevelToken], ["SUCCESS", "usps_priority"]);
});

await check("shippo node: a batch", async () => {
  const inside = { shipment };
  const { objectId, status } = await api.batches.create({ defaultCarrierAccount: USPS, defaultServicelevelToken: "usps_priority",
    batchShipments: [inside, inside] });
  equal(status, "VALIDATING");
  await advance("5s");
  const valid = await api.batches.get(objectId);
  equal([valid.status, valid.batchShipments.results.length], ["VALID", 2]);
  equal((await api.batches.addShipments([inside], objectId)).batchShipments.results.length, 3);
  const [first] = valid.batchShipments.results;
  equal((await api.batches.removeShipments([first.objectId], objectId)).batchShipments.results.length, 2);
  equal((await api.batches.purchase(objectId)).status, "PURCHASING");
  await advance("5s");
  const bought = await api.batches.get(objectId);
  equal([bought.status, bought.objectResults.purchaseSucceeded], ["PURCHASED", 2]);
  await isPdf(bought.labelUrl[0]);
});

await check("shippo node: customs", async () => {
  const thing = { description: "T-Shirt", massUnit: "lb", netWeight: "1", originCountry: "US", quantity: 2, valueAmount: "20",
    valueCurrency: "USD" };
  const item = await api.customsItems.create(thing);
  equal((await api.customsItems.get(item.objectId)).valueAmount, "20.00");
  equal((await api.customsItems.list()).results.length, 1);
  const made = await api.customsDeclarations.create({ certify: true, certifySigner: "Sam Quay", contentsType: "MERCHANDISE",
    items: [thing], nonDeliveryOption: "RETURN" });
  equal((await api.customsDeclarations.get(made.objectId)).items, made.items);
  equal((await api.customsDeclarations.list()).results.length, 1);
});

await check("shippo node: orders and pickups", async () => {
  const made = await api.orders.create({ placedAt: "2026-01-05T09:00:00Z", toAddress: receiver, weight: "0.4", weightUnit: "lb",
    orderStatus: "PAID", lineItems: [{ title: "Hippo", sku: "HM-1", quantity: 1, totalPrice: "24.93", currency: "USD" }] });
  equal((await api.orders.get(made.objectId)).weight, "0.40");
  equal((await api.orders.list({ orderStatus: ["PAID"] })).results.length, 1);
  const start = new Date((await now()).getTime() + 86_400_000);
  const pickup = await api.pickups.create({ carrierAccount: USPS, location: { address: sender, buildingLocationType: "Front Door" },
    requestedStartTime: start, requestedEndTime: new Date(start.getTime() + 3_600_000), transactions: [(await buy()).objectId] });
  equal(pickup.status, "CONFIRMED");
});

await check("shippo node: carrier accounts", async () => {
  equal((await pages((page) => api.carrierAccounts.list({ page, results: 4 }))).length, 17);
  assert((await api.carrierAccounts.list({ carrier: "usps", serviceLevels: true })).results[0].serviceLevels.length > 0);
  const base = { accountId: "321", carrier: "fedex" };
  const { objectId } = await api.carrierAccounts.create({ ...base, parameters: {} });
  equal((await api.carrierAccounts.update(objectId, { ...base, active: false })).active, false);
  equal((await api.carrierAccounts.get(objectId)).active, false);
  equal(await api.carrierAccounts.getRegistrationStatus("canada_post"), {});
  const parameters = { canadaPostTerms: true, company: "Acme", email: "a@example.com", fullName: "A B", phone: "1" };
  await api.carrierAccounts.register({ carrier: "canada_post", parameters });
  equal((await api.carrierAccounts.getRegistrationStatus("canada_post")).status, "PENDING_TERMS");
  const unknown = api.carrierAccounts.initiateOauth2Signin("00112233445566778899aabbccddeeff", "https://example.com");
  equal((await unknown.catch((error) => error)).statusCode, 404);
});

await check("shippo node: tracking", async () => {
  const seen = await live.trackingStatus.create({ carrier: "usps", trackingNumber: "9205590164917312751089" });
  equal(seen.trackingHistory, []);
  equal((await live.trackingStatus.get("9205590164917312751089", "usps")).carrier, "usps");
});

await check("shippo node: the six test numbers", async () => {
  for (const word of ["PRE_TRANSIT", "UNKNOWN", "TRANSIT", "FAILURE", "DELIVERED", "RETURNED"]) {
    const seen = await api.trackingStatus.get(`SHIPPO_${word}`, "shippo");
    equal([seen.trackingStatus.status, seen.trackingHistory.at(-1).status], [word, word]);
  }
});

await check("shippo node: a live label on its way", async () => {
  const { rates } = await live.shipments.create(shipment);
  const bought = await live.transactions.create({ rate: rates.find((row) => row.provider === "USPS").objectId, async: false });
  await advance("240h");
  const seen = await live.trackingStatus.get(bought.trackingNumber, "usps");
  equal([seen.trackingStatus.status, seen.transaction], ["DELIVERED", bought.objectId]);
});

await check("shippo node: a label for an order", async () => {
  const made = await api.orders.create({ placedAt: "2026-01-05T09:00:00Z", toAddress: receiver, weight: "0.4", weightUnit: "lb" });
  await api.transactions.create({ carrierAccount: USPS, servicelevelToken: "usps_priority", shipment, async: false, order: made.objectId });
  equal((await api.orders.get(made.objectId)).orderStatus, "SHIPPED");
});

await check("shippo node: a batch with an entry that cannot be shipped", async () => {
  const nowhere = { ...shipment, addressTo: "00112233445566778899aabbccddeeff" };
  const { objectId } = await api.batches.create({ defaultCarrierAccount: USPS, defaultServicelevelToken: "usps_priority",
    batchShipments: [{ shipment }, { shipment: nowhere }] });
  await advance("5s");
  const { status, batchShipments } = await api.batches.get(objectId);
  equal([status, batchShipments.results[1].shipment], ["INVALID", ""]);
  equal((await api.batches.removeShipments([batchShipments.results[1].objectId], objectId)).status, "VALID");
});

await check("shippo node: service groups and live rates", async () => {
  const group = { name: "Flat", description: "One price", type: "FLAT_RATE", flatRate: "5", flatRateCurrency: "USD",
    serviceLevels: [{ accountObjectId: USPS, serviceLevelToken: "usps_priority" }] };
  const { objectId } = await api.serviceGroups.create(group);
  equal((await api.serviceGroups.update({ ...group, objectId, flatRate: "6", isActive: true })).flatRate, "6");
  equal((await api.serviceGroups.list({})).length, 1);
  const options = await api.ratesAtCheckout.create({ addressFrom: sender, addressTo: receiver,
    lineItems: [{ title: "Hippo", quantity: 1, totalPrice: "12.10", currency: "USD" }] });
  equal(options.results.map((row) => [row.title, row.amount]), [["Flat", "6"]]);
  await api.serviceGroups.delete(objectId);
});

await check("shippo node: managed accounts", async () => {
  const who = { email: "a@example.com", firstName: "A", lastName: "B", companyName: "Acme" };
  const { objectId } = await live.shippoAccounts.create(who);
  equal((await live.shippoAccounts.update(objectId, who)).objectId, objectId);
  equal((await live.shippoAccounts.get(objectId)).email, "a@example.com");
  equal((await live.shippoAccounts.list()).results.length, 1);
  equal(await refused(403, () => api.shippoAccounts.create(who)), '"Unauthorized to create accounts"');
});

await check("shippo node: webhooks", async () => {
  const { objectId } = await api.webhooks.createWebhook({ event: "track_updated", url: "https://example.com/a" });
  equal((await api.webhooks.updateWebhook({ event: "batch_created", url: "https://example.com/b" }, objectId)).event, "batch_created");
  equal((await api.webhooks.getWebhook(objectId)).url, "https://example.com/b");
  equal((await api.webhooks.listWebhooks()).results.length, 1);
  await api.webhooks.deleteWebhook(objectId);
  await refused(404, () => api.webhooks.getWebhook(objectId));
});

await check("shippo node: errors", async () => {
  equal(JSON.parse(await refused(404, () => api.parcels.get("00112233445566778899aabbccddeeff"))), { detail: "Not found." });
  assert((await refused(404, () => api.parcels.get("INVALID"))).includes("Not Found"));
  const unknown = { rate: "00112233445566778899aabbccddeeff" };
  assert("rate" in JSON.parse(await refused(400, () => api.transactions.create(unknown))));
  const stranger = new Shippo({ apiKeyHeader: "shippo_test_nobody", ...host });
  equal(JSON.parse(await refused(401, () => stranger.addresses.list())), { detail: "Token does not exist" });
});

finish();
