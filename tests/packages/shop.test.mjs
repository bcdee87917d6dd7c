// A suite that needs nothing but `npm install seatrial`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withSandbox } from "seatrial";

const home = { name: "Ada", street1: "215 Clayton St.", city: "San Francisco", state: "CA", zip: "94117", country: "US" };
const parcel = { length: "5", width: "5", height: "5", distance_unit: "in", weight: "2", mass_unit: "lb" };

/** The program under test. It knows an address and a token, and not whose they are. */
class Shop {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async post(path, body) {
    const headers = { Authorization: `ShippoToken ${this.token}`, "Content-Type": "application/json" };
    const answer = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the carrier answered ${answer.status}`);
    return answer.json();
  }

  async buyLabel() {
    const { rates } = await this.post("/shipments", { address_from: home, address_to: home, parcels: [parcel], async: false });
    const rate = rates.find(({ provider }) => provider === "USPS").object_id;
    return (await this.post("/transactions", { rate, async: false })).tracking_number;
  }
}

const shopOf = (sandbox) => new Shop(sandbox.url("shippo"), sandbox.credential("shippo", "token"));

test("a label is bought", withSandbox(async (sandbox) => {
  const number = await shopOf(sandbox).buyLabel();
  assert.notEqual((await sandbox.parcels.get(number)).status, "delivered");
}));

test("a parcel arrives within ten days", withSandbox(async (sandbox) => {
  const number = await shopOf(sandbox).buyLabel();
  await sandbox.clock.advance("240h");
  assert.equal((await sandbox.parcels.get(number)).status, "delivered");
}));

const twice = [{ call: "shippo.CreateTransaction", count: 2 }];
test("a busy carrier is asked again", withSandbox({ expect: twice }, async (sandbox) => {
  const shop = shopOf(sandbox);
  await sandbox.fault("busy", { on: "shippo.CreateTransaction", fault: 503, times: 1 }, async () => {
    await assert.rejects(shop.buyLabel(), /503/);
  });
  assert.ok(await shop.buyLabel());
}));
