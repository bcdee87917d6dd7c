// The library shipstation-node against version 1: every resource, pages, errors, labels and webhooks.

import { BASE, check, equal, finish } from "./sandbox/index.mjs";
import { refused, v1 as client } from "./sandbox/shipstation_node.mjs";

const v1 = client("seatrial", "seatrial-secret");

const address = { name: "Alex Harbour", street1: "14 Mooring Lane", city: "Austin", state: "TX", postalCode: "78701", country: "US" };

function order(number, more = {}) {
  return {
    orderNumber: `N-${number}`,
    orderKey: `n-${number}`,
    orderDate: "2026-01-04T10:00:00.0000000",
    orderStatus: "awaiting_shipment",
    billTo: address,
    shipTo: address,
    items: [{ lineItemKey: "1", sku: "ROPE", name: "Rope", quantity: 2, unitPrice: 9.95, weight: { value: 8, units: "ounces" } }],
    ...more,
  };
}

let made;

await check("orders: created, updated, read", async () => {
  made = await v1.orders.createOrUpdate(order(1, { customerUsername: "alex", customerEmail: "alex@example.com" }));
  equal(made.orderTotal, 19.9);
  equal(made.shipTo.addressVerified, "Address validated successfully");
  const again = await v1.orders.createOrUpdate(order(1, { customerUsername: "alex", internalNotes: "twice" }));
  equal(again.orderId, made.orderId);
  equal((await v1.orders.get(made.orderId)).internalNotes, "twice");
});

await check("orders: tags, users, holds", async () => {
  const [tag] = await v1.accounts.listTags();
  equal((await v1.orders.addTag(made.orderId, tag.tagId)).success, true);
  equal((await v1.orders.listByTag({ orderStatus: "awaiting_shipment", tagId: tag.tagId })).total, 1);
  equal((await v1.orders.removeTag(made.orderId, tag.tagId)).message, "Tag removed successfully.");
  const [user] = await v1.users.list();
  equal((await v1.orders.assignUser([made.orderId], user.userId)).success, true);
  equal((await v1.orders.get(made.orderId)).userId, user.userId);
  equal((await v1.orders.unassignUser([made.orderId])).success, true);
  equal((await v1.orders.hold(made.orderId, "2027-01-01")).message, "Order held successfully.");
  equal((await v1.orders.restoreFromHold(made.orderId)).success, true);
});

await check("orders: 250 in three calls, read page by page", async () => {
  for (const first of [100, 200, 300]) {
    const many = Array.from({ length: first === 300 ? 50 : 100 }, (_, index) => order(first + index));
    equal((await v1.orders.createOrUpdateMultiple(many)).hasErrors, false);
  }
  const numbers = new Set();
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await v1.orders.list({ orderNumber: "N-", pageSize: 100, page, sortBy: "OrderDate" });
    answer.orders.forEach((row) => numbers.add(row.orderNumber));
    pages = answer.pages;
  }
  equal(numbers.size, 251);
});

await check("labels: quoted, bought, listed, voided", async () => {
  const rates = await v1.shipments.getRates({
    carrierCode: "stamps_com", fromPostalCode: "94117", toCountry: "US", toPostalCode: "10020", weight: { value: 16, units: "ounces" },
  });
  equal(rates.find((rate) => rate.serviceCode === "usps_ground_advantage").shipmentCost, 10.01);
  const label = await v1.orders.createLabel({
    orderId: made.orderId, carrierCode: "stamps_com", serviceCode: "usps_priority_mail", packageCode: "package", confirmation: "delivery",
    shipDate: "2026-01-05", weight: { value: 16, units: "ounces" }, testLabel: false,
  });
  equal(Buffer.from(label.labelData, "base64").subarray(0, 4).toString(), "%PDF");
  equal((await v1.shipments.list({ orderId: made.orderId })).shipments[0].trackingNumber, label.trackingNumber);
  equal((await v1.shipments.voidLabel(label.shipmentId)).approved, true);
  const loose = await v1.shipments.createLabel({
    carrierCode: "ups_walleted", serviceCode: "ups_ground", packageCode: "package", confirmation: "none", shipDate: "2026-01-05",
    weight: { value: 2, units: "pounds" }, shipFrom: address, shipTo: address, testLabel: true,
  });
  equal(loose.shipmentId, -1);
});

await check("orders: marked as shipped, deleted", async () => {
  // The library has an address for this that the vendor does not have.
  await refused(405, () => v1.orders.markShipped({ orderId: made.orderId, carrierCode: "pigeon", trackingNumber: "P1" }));
  const data = { orderId: made.orderId, carrierCode: "pigeon", trackingNumber: "P1" };
  equal((await v1.request({ url: "orders/markasshipped", method: "POST", data })).orderNumber, "N-1");
  equal((await v1.fulfillments.list({ orderNumber: "N-1" })).fulfillments[0].carrierCode, "pigeon");
  equal((await v1.orders.delete(made.orderId)).success, true);
  equal(await refused(404, () => v1.orders.get(made.orderId)), "");
});

await check("carriers and the wallet", async () => {
  const carriers = await v1.carriers.list();
  equal(carriers.length, 8);
  equal((await v1.carriers.listServices("fedex"))[0].code, "fedex_ground");
  equal((await v1.carriers.listPackages("ups"))[1].code, "ups_letter");
  // The library asks for one carrier by a parameter of the list, which means nothing to the vendor.
  equal((await v1.carriers.get("stamps_com")).length, 8);
  const before = (await v1.request({ url: "carriers/getcarrier", method: "GET", params: { carrierCode: "stamps_com" } })).balance;
  equal((await v1.carriers.addFunds("stamps_com", 10)).balance, before + 10);
});

await check("stores, warehouses, products", async () => {
  const store = (await v1.stores.list({ marketplaceId: 36 }))[0];
  await refused(405, () => v1.stores.refresh({ storeId: store.storeId }));
  equal((await v1.request({ url: "stores/refreshstore", method: "POST", params: { storeId: store.storeId } })).success, true);
  equal((await v1.stores.getRefreshRate(store.storeId)).refreshStatus, "Updating orders");
  equal((await v1.stores.deactivate(`${store.storeId}`)).success, true);
  equal((await v1.stores.reactivate(`${store.storeId}`)).success, true);
  equal((await v1.stores.listMarketplaces())[0].marketplaceId, 0);
  const warehouse = await v1.warehouses.create({ warehouseName: "Quay", originAddress: address });
  equal((await v1.warehouses.get(warehouse.warehouseId)).returnAddress.residential, null);
  equal((await v1.warehouses.delete(warehouse.warehouseId)).success, true);
  const { products } = await v1.products.list({ sku: "rope" });
  equal((await v1.products.update({ ...products[0], name: "Rope, long" })).message, "The requested product has been updated");
  equal((await v1.products.get(products[0].productId)).name, "Rope, long");
});

await check("webhooks lead to what they are about", async () => {
  const { id } = await v1.webhooks.subscribe({ target_url: `${BASE}/_seatrial/inbox/node`, event: "ORDER_NOTIFY", friendly_name: "node" });
  const { orderId } = await v1.orders.createOrUpdate(order(900));
  let letters = [];
  for (let attempt = 0; attempt < 100 && letters.length === 0; attempt += 1) {
    letters = (await (await fetch(`${BASE}/_seatrial/inbox/node?wait=2s`)).json()).letters;
  }
  const { resource_url: url } = letters[0].json;
  const { orders } = await v1.request({ url, method: "GET" });
  equal(orders[0].orderId, orderId);
  await v1.webhooks.unsubscribe(id);
  equal((await v1.webhooks.list()).webhooks.length, 0);
});

await check("errors have the status and the text of the vendor", async () => {
  equal((await refused(500, () => v1.shipments.getRates({ carrierCode: "stamps_com", packageCode: "crate", fromPostalCode: "1", toCountry: "US",
    toPostalCode: "1", weight: { value: 1, units: "ounces" } }))).ExceptionMessage, "Invalid packageCode");
  equal((await refused(400, () => v1.orders.createOrUpdate([]))).Message, "The request is invalid.");
  await refused(401, () => client("x", "y").users.list());
});

finish();
