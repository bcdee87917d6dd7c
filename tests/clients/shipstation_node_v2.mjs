// The library shipstation-node against version 2: every resource, pages, errors, labels, batches and webhooks.

import { BASE, advance, check, equal, finish } from "./sandbox/index.mjs";
import { refused, v2 as client } from "./sandbox/shipstation_node.mjs";

const v2 = client("seatrial-live");

const to = { name: "Ada Sample", phone: "555-010-0199", address_line1: "123 Example St", city_locality: "Vista", state_province: "CA",
  postal_code: "92081", country_code: "US", address_residential_indicator: "yes" };
const from = { ...to, name: "Sam Sender", address_line1: "1 Example St", city_locality: "San Francisco", postal_code: "94117" };
const packages = [{ weight: { value: 1, unit: "pound" } }];

const shipment = (number) => ({
  external_shipment_id: `N-${number}`, carrier_id: "se-128005", service_code: "usps_ground_advantage", ship_to: to, ship_from: from, packages,
});

/** Creates shipments with the numbers from `first` on; the library knows no way to do so. */
async function shipments(first, count) {
  const data = { shipments: Array.from({ length: count }, (_, index) => shipment(first + index)) };
  const made = await v2.request({ url: "shipments", method: "POST", data });
  equal(made.has_errors, false);
  return made.shipments;
}

await check("carriers", async () => {
  const { carriers } = await v2.carriers.list();
  equal(carriers.length, 8);
  const [{ carrier_id: id }] = carriers;
  equal((await v2.carriers.getById(id)).carrier_id, id);
  equal((await v2.carriers.listServices(id)).services.length > 0, true);
  equal((await v2.carriers.listPackageTypes(id)).packages.length > 0, true);
  equal((await v2.carriers.getOptions(id)).options.length > 0, true);
});

await check("shipments: read, found, tagged, cancelled", async () => {
  const [{ shipment_id: id }] = await shipments(1, 1);
  equal((await v2.shipments.getById(id)).shipment_id, id);
  equal((await v2.shipments.getByExternalId("N-1")).shipment_id, id);
  equal((await v2.shipments.addTag(id, "fragile")).tag.name, "fragile");
  equal((await v2.shipments.getById(id)).tags, [{ name: "fragile" }]);
  await v2.shipments.removeTag(id, "fragile");
  await v2.shipments.cancel(id);
  equal((await v2.shipments.list({ shipment_status: "cancelled" })).shipments[0].shipment_id, id);
  equal((await v2.tags.create("glass")).name, "glass");
  equal((await v2.tags.get()).tags.some((tag) => tag.name === "fragile"), true);
});

await check("shipments: 250, read page by page", async () => {
  await shipments(1000, 250);
  const seen = new Set();
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await v2.shipments.list({ shipment_status: "pending", page, page_size: 100 });
    answer.shipments.forEach((row) => seen.add(row.shipment_id));
    pages = answer.pages;
    equal("href" in answer.links.next, page < pages);
  }
  equal(seen.size, 250);
});

await check("rates, and a label at one of them", async () => {
  const { rate_response: response } = await v2.rates.get({
    shipment: { ship_to: to, ship_from: from, packages }, rate_options: { carrier_ids: ["se-128005"] },
  });
  const [rate] = response.rates;
  equal((await v2.rates.getById(rate.rate_id)).rate_id, rate.rate_id);
  equal((await v2.shipments.getRates(response.shipment_id)).rates.length, response.rates.length);
  const label = await v2.labels.purchaseWithRateId(rate.rate_id, { label_format: "pdf" });
  equal(label.shipment_cost, rate.shipping_amount);
  const rows = await v2.rates.estimate({
    carrier_ids: ["se-128005"], from_country_code: "US", from_postal_code: "94117", to_country_code: "US", to_postal_code: "92081",
    to_city_locality: "Vista", to_state_province: "CA", weight: { value: 1, unit: "pound" }, ship_date: new Date().toISOString(),
  });
  equal(new Set(rows.map((row) => row.rate_type)), new Set(["check"]));
});

await check("labels: bought, listed, downloaded, returned, voided", async () => {
  const label = await v2.labels.purchase({ shipment: shipment(2) });
  equal((await v2.labels.getById(label.label_id)).tracking_number, label.tracking_number);
  equal((await v2.labels.list({ tracking_number: label.tracking_number })).total, 1);
  const [dir, subdir, filename] = new URL(label.label_download.pdf).pathname.split("/").slice(-3);
  equal((await v2.downloads.downloadFile({ dir, subdir, filename })).slice(0, 4), "%PDF");
  equal((await v2.labels.createReturnLabel(label.label_id, { label_format: "pdf" })).is_return_label, true);
  equal((await v2.labels.void(label.label_id)).approved, true);
  equal((await v2.labels.void(label.label_id)).reason_code, "label_already_voided");
  // Addresses of the library that the vendor does not have.
  await refused(404, () => v2.labels.getTrackingInfo(label.label_id));
  await refused(404, () => v2.labels.purchaseWithShipmentId(label.shipment_id, {}));
  await refused(404, () => v2.tracking.stop("stamps_com", label.tracking_number));
});

await check("batches: filled, processed, archived", async () => {
  const rows = await shipments(2000, 3);
  const ids = rows.map((row) => row.shipment_id);
  const batch = await v2.batches.create({ shipment_ids: ids.slice(0, 2), external_batch_id: "se-77" });
  await v2.batches.addToBatch(batch.batch_id, { shipment_ids: ids });
  await v2.batches.removeFromBatch(batch.batch_id, { shipment_ids: ids.slice(2) });
  equal((await v2.batches.getById(batch.batch_id)).count, 2);
  equal((await v2.batches.getByExternalId("se-77")).batch_id, batch.batch_id);
  equal((await v2.batches.list({ page_size: 1 })).batches.length, 1);
  await v2.batches.processLabels(batch.batch_id, { label_format: "pdf" });
  equal((await v2.batches.getById(batch.batch_id)).status, "queued");
  await advance("10s");
  equal((await v2.batches.getById(batch.batch_id)).status, "completed");
  equal((await v2.labels.list({ batch_id: batch.batch_id })).total, 2);
  equal((await v2.batches.getErrors(batch.batch_id)).errors, []);
  await v2.batches.updateToArchived(batch.batch_id);
  await v2.batches.delete(batch.batch_id);
  equal((await v2.batches.getById(batch.batch_id)).status, "archived");
});

await check("manifests and pickups", async () => {
  const label = await v2.labels.purchase({ shipment: shipment(3) });
  const { manifests } = await v2.manifests.create({ label_ids: [label.label_id] });
  equal((await v2.manifests.getById(manifests[0].manifest_id)).label_ids, [label.label_id]);
  equal((await v2.manifests.list()).total, 1);
  const pickup = await v2.packagePickups.schedule({
    label_ids: [label.label_id], contact_details: { name: "Ada Sample", email: "ada@example.com", phone: "555-010-0199" }, pickup_notes: "door",
    pickup_window: { start_at: "2030-01-05T09:00:00Z", end_at: "2030-01-05T17:00:00Z" },
  });
  equal((await v2.packagePickups.getById(pickup.pickup_id)).pickup_id, pickup.pickup_id);
  equal((await v2.packagePickups.listScheduled()).total, 1);
  equal((await v2.packagePickups.deleteScheduled(pickup.pickup_id)).pickup_id, pickup.pickup_id);
});

await check("package types and warehouses", async () => {
  const own = { package_code: "crate_of_ours", name: "Crate", dimensions: { unit: "inch", length: 9, width: 8, height: 7 } };
  const made = await v2.packageTypes.create(own);
  await v2.packageTypes.update(made.package_id, { ...own, name: "Large crate" });
  equal((await v2.packageTypes.getById(made.package_id)).name, "Large crate");
  equal((await v2.packageTypes.list()).packages.some((row) => row.package_id === made.package_id), true);
  await v2.packageTypes.delete(made.package_id);
  const { warehouses } = await v2.warehouses.list();
  equal((await v2.warehouses.getById(warehouses[0].warehouse_id)).name, warehouses[0].name);
});

await check("inventory", async () => {
  const warehouse = await v2.inventoryWarehouses.create("Quay");
  const id = warehouse.inventory_warehouse_id;
  await v2.inventoryWarehouses.update(id, "Long quay");
  equal((await v2.inventoryWarehouses.getById(id)).name, "Long quay");
  equal((await v2.inventoryWarehouses.list({ limit: 1 })).inventory_warehouses.length, 1);
  const location = await v2.inventoryLocations.create({ name: "Shelf", inventory_warehouse_id: id });
  const shelf = location.inventory_location_id;
  await v2.inventoryLocations.update(shelf, "Top shelf");
  equal((await v2.inventoryLocations.getById(shelf)).name, "Top shelf");
  equal((await v2.inventoryLocations.list()).total, 1);
  await v2.inventory.updateSKULevelsAndProperties({ transaction_type: "increment", inventory_location_id: shelf, sku: "ROPE", quantity: 5 });
  equal((await v2.inventory.listSKUInventoryLevels({ sku: "ROPE" })).inventory[0].on_hand, 5);
  await v2.inventoryLocations.delete(shelf, { remove_inventory: "1" });
  await v2.inventoryWarehouses.delete(id);
});

await check("webhooks lead to what they are about", async () => {
  const made = await v2.webhooks.create({ event: "label_created_v2", url: `${BASE}/_seatrial/inbox/node2`, name: "node" });
  await v2.webhooks.update(made.webhook_id, { url: `${BASE}/_seatrial/inbox/node2?again`, headers: [{ key: "x-ours", value: "1" }] });
  equal((await v2.webhooks.getById(made.webhook_id)).headers, [{ key: "x-ours", value: "1" }]);
  await refused(409, () => v2.webhooks.create({ event: "label_created_v2", url: `${BASE}/_seatrial/inbox/node2` }));
  const label = await v2.labels.purchase({ shipment: shipment(4) });
  let letters = [];
  for (let attempt = 0; attempt < 100 && letters.length === 0; attempt += 1) {
    letters = (await (await fetch(`${BASE}/_seatrial/inbox/node2?wait=2s`)).json()).letters;
  }
  equal(letters[0].json.resource_type, "LABEL_CREATED_V2");
  const { labels } = await v2.request({ url: letters[0].json.resource_url, method: "GET" });
  equal(labels.map((row) => row.label_id), [label.label_id]);
  equal((await v2.webhooks.list()).length, 1);
  await v2.webhooks.deleteById(made.webhook_id);
});

await check("errors have the status, type and code of the vendor", async () => {
  const told = async (status, call) => {
    const [error] = (await refused(status, call)).errors;
    return `${error.error_source} ${error.error_type} ${error.error_code} ${error.message}`;
  };
  equal(await told(400, () => v2.labels.getById("bad")), "shipengine business_rules unspecified id parameter is in the wrong format");
  equal(await told(404, () => v2.labels.getById("se-1")), "shipengine business_rules invalid_identifier Invalid label_id.");
  equal(await told(400, () => v2.labels.purchase({ shipment: { ...shipment(5), ship_to: { ...to, address_line1: "" } } })),
    "shipengine validation field_value_required 'address_line1' should not be empty.");
  equal((await told(400, () => v2.labels.purchase({ shipment: "x" }))).split(":")[0], "shipengine system unspecified request.shipment");
  equal(await told(401, () => client("wrong").tags.get()), "shipengine security unauthorized Access denied.");
});

finish();
