// The page for browsers, in Debian's Chromium: the story of a label from its purchase to a fault, in both themes; nothing serious by
// axe-core; hostile content executes nothing; all of it without script, too. Pictures of every page are written to target/ui/.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const base = process.env.SEATRIAL_BASE_URL;
const ui = `${base}/_seatrial/ui/default`;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const json = { "content-type": "application/json" };
const shippo = { authorization: "ShippoToken shippo_live_seatrial", ...json };
mkdirSync("target/ui", { recursive: true });

const ok = (what) => console.log(`ok ${what}`);
const admin = async (method, path, body) => {
  const answer = await fetch(`${base}/_seatrial${path}`, { method, headers: json, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.status === 204 ? null : answer.json();
};
const address = { name: "Ada", street1: "215 Clayton St.", city: "San Francisco", state: "CA", zip: "94117", country: "US" };
const parcel = { length: "5", width: "5", height: "5", distance_unit: "in", weight: "2", mass_unit: "lb" };
const buy = async (to = address) => fetch(`${base}/shippo/transactions`, { method: "POST", headers: shippo, body: JSON.stringify({
  async: false, carrier_account: "f82c50551bc7a9182d8e91293e0a7468", servicelevel_token: "usps_priority",
  shipment: { address_from: address, address_to: to, parcels: [parcel] } }) });

// As root, Chromium has no sandbox of its own; all that it loads is ours.
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const trouble = [];
async function open(options, origin = base) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on("dialog", (dialog) => { trouble.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => trouble.push(`an error in the page: ${error.message}`));
  page.on("console", (line) => { if (/Content Security Policy|Refused to/.test(line.text())) trouble.push(line.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(origin)) trouble.push(`a request to ${request.url()}`); });
  return page;
}

async function isAccessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const lines = serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n  ${failureSummary}`));
  assert.deepEqual(lines, [], `${name}: ${lines.join("\n")}`);
}

/** Every page in both themes and both widths: a picture of each, axe-core, and nothing that is wider than the window. */
async function pictures(pages) {
  for (const theme of ["light", "dark"]) {
    const page = await open({ colorScheme: theme, reducedMotion: "reduce" });
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(path.startsWith("/_seatrial") ? base + path : ui + path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} is ${wide} pixels wider than ${width}`);
        await isAccessible(page, `${name}, ${theme}, ${width}`);
        // Pictures that are further down come when somebody gets there.
        await page.evaluate(() => Promise.all([...document.images].map((image) => { image.loading = "eager"; return image.decode(); })));
        await page.screenshot({ path: `target/ui/${name}-${theme}-${width}.png`, fullPage: true });
      }
    }
    await page.context().close();
    ok(`every page in ${theme} at 1280 and 400 pixels, with nothing serious by axe-core`);
  }
}

/** Something to see on every page; their addresses. */
async function furnish() {
  await admin("PUT", "/sandboxes/default/scenario", { name: "shown", overrides: [
    { on: "shippo.CreateAddress", respond: { status: 503, body: { detail: "Service Unavailable" } }, times: 1 },
    { on: "shippo.CreateTransaction", fault: "empty", times: 1 }],
    expect: [{ call: "shippo.CreateTransaction", count: 5 }, { never: "shippo.CreateRefund" }, { call: "shippo.CreateBatch", count: 1 }] });
  await admin("PUT", "/sandboxes/default/clock", { mode: "frozen" });
  for (const [name, status] of [["shop", 200], ["down", 503]]) {
    await admin("POST", "/sandboxes/default/webhooks", { vendor: "shippo", account: "live", events: ["track_updated", "transaction_created"],
      url: `${base}/_seatrial/inbox/${name}?status=${status}` });
  }
  await fetch(`${base}/shippo/addresses`, { method: "POST", headers: shippo, body: JSON.stringify({ ...address, stret1: "1 Main St", zip: 94117 }) });
  await assert.rejects(buy());
  await fetch(`${base}/shippo/nonsense`, { headers: shippo });
  for (let number = 0; number < 12; number += 1) await fetch(`${base}/shippo/tracks/usps/${number}`, { headers: shippo });
  for (let number = 0; number < 5; number += 1) assert.ok((await buy()).ok);
  const { parcels } = await admin("GET", "/sandboxes/default/parcels");
  await admin("POST", "/sandboxes/default/clock/advance", { by: "40h", wait: true });
  for (const [index, status] of ["exception", "delivered", "lost"].entries()) {
    await admin("POST", `/parcels/${parcels[index].tracking_number}/events`, { status, message: "by hand", location: { city: "Chicago", state: "IL", country: "US" } });
  }
  await admin("POST", "/sandboxes/default/snapshot", { name: "half-way" });
  for (const name of ["checkout-tests", "returns"]) await admin("POST", "/sandboxes", { name });
  await admin("POST", "/sandboxes/default/clock/advance", { by: "1h", wait: true });
  const call = (await admin("GET", "/sandboxes/default/requests?operation=shippo.CreateAddress&limit=1")).requests[0].id;
  const { deliveries } = await admin("GET", "/sandboxes/default/deliveries?limit=1000");
  const failing = deliveries.find(({ attempts }) => attempts.length > 1) ?? deliveries[0];
  return {
    home: "", requests: "/requests", request: `/requests/${call}`, "requests-none": "/requests?q=nothing-like-it", clear: "/clear",
    parcels: "/parcels", "parcels-next": "/parcels?sort=next", parcel: `/parcels/${parcels[4].tracking_number}`,
    "parcel-exception": `/parcels/${parcels[0].tracking_number}`, webhooks: "/webhooks", delivery: `/deliveries/${failing.id}`, inbox: "/inbox/shop",
    agenda: "/agenda", scenario: "/scenario", contract: "/contract", sandboxes: "/_seatrial/ui/sandboxes", sandbox: "/sandbox", restore: "/sandbox/restore?name=half-way",
    reference: "/reference/shippo", "reference-operation": "/reference/shippo/CreateTransaction", empty: "/_seatrial/ui/returns/parcels", "empty-home": "/_seatrial/ui/returns", "empty-webhooks": "/_seatrial/ui/returns/webhooks",
    missing: "/requests/none", login: "/_seatrial/ui/login",
  };
}

/** From the purchase of a label to the reason why the next one was lost. */
async function story(theme) {
  await admin("POST", "/sandboxes/default/reset", {});
  await admin("PUT", "/sandboxes/default/clock", { mode: "frozen" });
  await admin("POST", "/sandboxes/default/webhooks", { vendor: "shippo", account: "live", url: `${base}/_seatrial/inbox/page` });
  const page = await open({ colorScheme: theme });
  await page.goto(base);
  assert.equal(page.url(), ui);
  await page.getByRole("heading", { name: "Home" }).waitFor();
  assert.ok(await page.getByText(`${base}/shippo`, { exact: true }).isVisible());

  const label = await (await buy()).json();
  assert.equal(label.status, "SUCCESS");
  await page.getByRole("link", { name: /^Requests/ }).first().click();
  await page.getByRole("row").filter({ hasText: "CreateTransaction" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Why this answer" }).waitFor();
  assert.match(await page.locator(".way").innerText(), /Route[\s\S]*Contract[\s\S]*Credentials[\s\S]*Scenario[\s\S]*Behavior[\s\S]*done[\s\S]*Sent/);
  await page.getByRole("link", { name: "curl" }).click();
  await page.locator("[data-said=copied]").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /curl --request 'POST'/);

  const before = (await admin("GET", "/sandboxes/default/clock")).now;
  await page.getByLabel("More clock actions").click();
  await page.getByLabel("Advance by").fill("240h");
  await page.locator(".pop").getByRole("button", { name: "Advance" }).first().click();
  await page.getByText("The clock was advanced.").waitFor();
  const after = (await admin("GET", "/sandboxes/default/clock")).now;
  assert.equal(new Date(after) - new Date(before), 240 * 3_600_000);
  await fetch(`${base}/shippo/tracks/usps/${label.tracking_number}`, { headers: shippo });
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL(/requests\/default-/);
  await page.getByText('"DELIVERED"').first().waitFor();
  const { deliveries } = await admin("GET", "/sandboxes/default/deliveries?progress=delivered");
  assert.ok(deliveries.length > 0, "the webhook of the delivery was delivered");

  await page.getByRole("link", { name: "Scenario" }).first().click();
  await page.getByRole("button", { name: "Reset after the work" }).click();
  await page.getByText("The fault is switched on.").waitFor();
  await assert.rejects(buy(), "the answer is lost");
  await page.getByRole("link", { name: /^Requests/ }).first().click();
  const row = page.getByRole("row").filter({ hasText: "reset" });
  assert.match(await row.innerText(), /committed/);
  await row.getByRole("link").first().click();
  assert.match(await page.locator(".way").innerText(), /fault lost had its effect[\s\S]*reset: the caller received no answer; the work was done all the same/);
  await page.getByRole("link", { name: "Scenario" }).first().click();
  await page.getByRole("button", { name: /Switch off/ }).click();
  await page.getByText("The fault is switched off.").waitFor();
  await page.context().close();
  ok(`a label is bought, delivered and told of, and a fault explained, in ${theme}`);
}

/** What clients send stays text, wherever it is shown. */
async function hostile() {
  const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'</title></textarea></style><svg onload=alert(3)>`;
  const send = (path, body) => fetch(base + path, { method: "POST", headers: { ...shippo, "x-evil": evil }, body: JSON.stringify(body) });
  await send(`/shippo/addresses?${encodeURIComponent(evil)}=1`, { ...address, name: evil, [evil]: evil });
  await send(`/shippo/${encodeURIComponent(evil)}`, evil);
  await admin("PUT", `/sandboxes/default/faults/${encodeURIComponent("<img src=x onerror=alert(4)>")}`, { on: "shippo.ListAddresses", respond: { status: 200, body: { detail: evil }, off_spec: true } });
  await fetch(`${base}/shippo/addresses`, { headers: shippo });
  await admin("POST", "/sandboxes/default/webhooks", { vendor: "shippo", account: "live", url: `${base}/_seatrial/inbox/evil?${encodeURIComponent(evil)}` });
  const bought = await (await buy({ ...address, name: evil, street1: evil, city: evil })).json();
  const number = bought.tracking_number;
  await admin("POST", `/parcels/${number}/events`, { status: "exception", code: evil, message: evil, location: { city: evil, zip: evil, country: evil } });
  await admin("POST", "/sandboxes/default/snapshot", { name: evil.slice(0, 60) });
  await fetch(`${base}/_seatrial/inbox/evil?${encodeURIComponent(evil)}`, { method: "POST", headers: { ...json, "x-evil": evil }, body: evil });
  await admin("POST", "/sandboxes/default/clock/advance", { by: "1h", wait: true });
  const page = await open({});
  const { requests } = await admin("GET", "/sandboxes/default/requests?limit=5");
  const { deliveries } = await admin("GET", "/sandboxes/default/deliveries?limit=3");
  const text = encodeURIComponent(evil);
  const paths = ["", "/requests", "/scenario", ...requests.map(({ id }) => `/requests/${id}`), `/requests?q=${text}`, "/parcels", `/parcels/${number}`,
    `/parcels?q=${text}`, "/webhooks", ...deliveries.map(({ id }) => `/deliveries/${id}`), "/inbox/evil", "/agenda", `/agenda?subject=${text}`, "/contract",
    "/sandbox", "/reference/shippo/CreateAddress", `/reference/shippo?q=${text}`, `/reference/shippo/${text}`, `/reference/${text}`, `/sandbox/restore?name=${text}`, `/inbox/${text}`, `/parcels/${text}`, `/clear?q=${text}`];
  for (const path of [...paths.map((path) => ui + path), `${base}/_seatrial/ui/sandboxes?q=${text}`, `${base}/_seatrial/ui/go?id=${text}`]) {
    await page.goto(path);
    const alien = await page.evaluate(() => document.querySelectorAll("script:not([src*='/_seatrial/ui/assets/']), img:not([src$='/label?format=png']), style, iframe, [onerror], [onload], [style]").length);
    assert.equal(alien, 0, path);
  }
  await page.goto(`${ui}/scenario`);
  await page.getByLabel("YAML").fill(`name: ${evil}\nkind: ${evil}\n`);
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByLabel("Problems of the draft").waitFor();
  assert.equal(await page.locator("main img").count(), 0);
  await page.context().close();
  ok("hostile content executes nothing");
}

/** All of it works without script, and by keyboard alone. */
async function withoutScript() {
  const page = await open({ javaScriptEnabled: false });
  await page.goto(`${ui}/requests`);
  await page.getByRole("button", { name: "+1 h" }).click();
  await page.getByText("The clock was advanced.").waitFor();
  await page.getByRole("link", { name: "4xx" }).click();
  assert.match(page.url(), /status=4xx/);
  await page.context().close();
  const keys = await open({});
  await keys.goto(ui);
  await keys.keyboard.press("g");
  await keys.keyboard.press("r");
  await keys.waitForURL(/requests$/);
  await keys.keyboard.press("j");
  await keys.keyboard.press("Enter");
  await keys.waitForURL(/requests\/default-/);
  await keys.keyboard.press("u");
  await keys.waitForURL(/requests$/);
  await keys.keyboard.press("/");
  assert.equal(await keys.evaluate(() => document.activeElement.id), "find");
  await keys.keyboard.press("Escape");
  await keys.keyboard.press("?");
  await keys.getByRole("button", { name: "Switch them off" }).click();
  await keys.locator("body[data-keys=off]").waitFor();
  await keys.keyboard.press("g");
  await keys.keyboard.press("h");
  await keys.keyboard.press("?");
  assert.equal(await keys.getByRole("button", { name: "Switch them on" }).isVisible(), false, "no key does anything");
  assert.match(keys.url(), /requests$/);
  await keys.locator("details.keys summary").click();
  await keys.getByRole("button", { name: "Switch them on" }).click();
  await keys.locator("body:not([data-keys])").waitFor();
  // Those from before may have arrived.
  await buy();
  const { parcels } = await admin("GET", "/sandboxes/default/parcels?limit=100&sort=next");
  await keys.goto(`${ui}/parcels/${parcels.find((row) => row.upcoming.length > 0).tracking_number}`);
  await keys.keyboard.press("n");
  await keys.getByText("The next event has happened.").waitFor();
  await keys.goto(`${ui}/scenario`);
  await keys.getByLabel("YAML").fill("name: mine");
  await keys.keyboard.press("Control+Enter");
  await keys.getByText("no mistakes", { exact: true }).waitFor();
  await keys.context().close();
  ok("forms and filters without script, pages and rows by keys");
}

/** The file of the sandbox, shown when its server is gone: the same pages, and nothing on them that would change something. */
async function recorded(pages) {
  const file = "target/ui/recorded.json";
  writeFileSync(file, await (await fetch(`${base}/_seatrial/sandboxes/default/export?include=journal,log`)).text());
  const viewer = spawn(process.env.SEATRIAL_BINARY ?? "target/quick/seatrial", ["view", file], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await once(viewer.stdout, "data");
    const home = String(line).trim().split(" at ").pop();
    const page = await open({}, new URL(home).origin);
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      for (const name of ["home", "requests", "request", "parcel", "webhooks", "delivery", "agenda", "scenario", "contract", "sandbox", "reference-operation"]) {
        await page.goto(home + pages[name]);
        assert.ok(await page.getByText("A recording.").isVisible(), name);
        const buttons = await page.locator("form[method=post]:not(.taste) button").filter({ visible: true }).allInnerTexts();
        assert.deepEqual(buttons, [], name);
        await isAccessible(page, `${name}, recorded`);
        await page.screenshot({ path: `target/ui/recorded-${name}-${width}.png`, fullPage: true });
      }
    }
    await page.context().close();
  } finally {
    viewer.kill();
  }
  ok("a recording is looked at, and offers nothing that would change it");
}

try {
  await story("light");
  await story("dark");
  const { requests } = await admin("GET", "/sandboxes/default/requests?wire=reset&limit=1");
  assert.equal(requests.length, 1);
  const pages = await furnish();
  await pictures(pages);
  await recorded(pages);
  await withoutScript();
  await hostile();
  assert.deepEqual(trouble, []);
} finally {
  await browser.close();
}
