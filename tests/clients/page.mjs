// The page for browsers, in Debian's Chromium: the story of a label from its purchase to a fault, in both themes; nothing serious by
// axe-core; hostile content executes nothing; all of it without script, too. Pictures of every page are written to target/ui/.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
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
const buy = async () => fetch(`${base}/shippo/transactions`, { method: "POST", headers: shippo, body: JSON.stringify({
  async: false, carrier_account: "f82c50551bc7a9182d8e91293e0a7468", servicelevel_token: "usps_priority",
  shipment: { address_from: address, address_to: address, parcels: [parcel] } }) });

// As root, Chromium has no sandbox of its own; all that it loads is ours.
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const trouble = [];
async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on("dialog", (dialog) => { trouble.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => trouble.push(`an error in the page: ${error.message}`));
  page.on("console", (line) => { // The empty icon, which keeps browsers from asking for one, is no image of ours.
    if (/Content Security Policy|Refused to/.test(line.text()) && !line.text().includes("'data:,'")) trouble.push(line.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(base) && !request.url().startsWith("data:")) trouble.push(`a request to ${request.url()}`); });
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
        await page.goto(ui + path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} is ${wide} pixels wider than ${width}`);
        await isAccessible(page, `${name}, ${theme}, ${width}`);
        await page.screenshot({ path: `target/ui/${name}-${theme}-${width}.png`, fullPage: true });
      }
    }
    await page.context().close();
    ok(`every page in ${theme} at 1280 and 400 pixels, with nothing serious by axe-core`);
  }
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
  const page = await open({});
  const { requests } = await admin("GET", "/sandboxes/default/requests?limit=3");
  const paths = ["", "/requests", "/scenario", ...requests.map(({ id }) => `/requests/${id}`), `/requests?q=${encodeURIComponent(evil)}`];
  for (const path of paths) {
    await page.goto(ui + path);
    const alien = await page.evaluate(() => document.querySelectorAll("script:not([src*='/_seatrial/ui/assets/']), img, style, iframe, [onerror], [onload], [style]").length);
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
  await keys.context().close();
  ok("forms and filters without script, pages and rows by keys");
}

try {
  await story("light");
  await story("dark");
  const { requests } = await admin("GET", "/sandboxes/default/requests?wire=reset&limit=1");
  await admin("PUT", "/sandboxes/default/scenario", { name: "shown", overrides: [
    { on: "shippo.CreateAddress", respond: { status: 503, body: { detail: "Service Unavailable" } }, times: 1 },
    { on: "shippo.CreateTransaction", fault: "empty", times: 1 }] });
  await fetch(`${base}/shippo/addresses`, { method: "POST", headers: shippo, body: JSON.stringify({ ...address, stret1: "1 Main St", zip: 94117 }) });
  await assert.rejects(buy());
  await fetch(`${base}/shippo/nonsense`, { headers: shippo });
  for (let number = 0; number < 12; number += 1) await fetch(`${base}/shippo/tracks/usps/${number}`, { headers: shippo });
  assert.equal(requests.length, 1);
  const shown = await admin("GET", "/sandboxes/default/requests?operation=shippo.CreateAddress&limit=1");
  const pages = { home: "", requests: "/requests", request: `/requests/${shown.requests[0].id}`, scenario: "/scenario" };
  await pictures(pages);
  await withoutScript();
  await hostile();
  assert.deepEqual(trouble, []);
} finally {
  await browser.close();
}
