// Copy buttons and keys. Without it, every page, filter and form works.
"use strict";
(() => {
  const root = document.documentElement, body = document.body, base = body.dataset.base;
  const all = (selector) => [...document.querySelectorAll(selector)];
  root.classList.add("js");

  const say = (element, text) => {
    element.dataset.said = document.getElementById("say").textContent = text;
    setTimeout(() => delete element.dataset.said, 1500);
  };
  const copy = (element, text) => navigator.clipboard.writeText(text).then(() => say(element, "copied"), () => say(element, "not allowed"));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) return copy(button, button.dataset.copy);
    const link = event.target.closest("[data-copy-from]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && navigator.clipboard) {
      event.preventDefault();
      fetch(link.href).then((answer) => answer.ok ? answer.text() : Promise.reject()).then((text) => copy(link, text), () => { location = link.href; });
    }
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("submit", (event) => {
    if (event.target.ariaBusy === "true") return event.preventDefault();
    event.target.ariaBusy = "true";
  });
  addEventListener("pageshow", () => all("form[aria-busy]").forEach((form) => { form.ariaBusy = null; }));

  // Live rows. The list is left alone while somebody reads in it.
  const live = document.querySelector("[data-live]"), table = document.querySelector("[data-rows]"), template = document.getElementById("row");
  let source, pause = 1, held = 0;
  const tell = (text, isHeld) => {
    live.querySelector("[data-live-text]").textContent = text;
    live.classList.toggle("held", isHeld);
    live.querySelector("[data-live-more]").hidden = held === 0;
    live.hidden = false;
  };
  const add = (call) => {
    const row = template.content.firstElementChild.cloneNode(true);
    const of = (name) => [...row.querySelectorAll(`[data-of=${name}]`)];
    const put = (name, text) => of(name).forEach((cell) => { cell.textContent = text; cell.hidden = !text; });
    const short = (text) => text.length > 160 ? text.slice(0, 160) + "…" : text;
    const { wire, status, effect } = call, sent = wire.end === "sent";
    put("number", call.number.toLocaleString("en"));
    put("time", call.at.slice(11, 19));
    put("vendor", call.vendor);
    put("operation", (call.operation || "–").split(".").pop());
    put("method", call.method);
    put("target", short(call.target));
    put("status", sent ? String(status) : [status, wire.end].filter(Boolean).join(" "));
    put("took", call.duration_ms === null ? "" : call.duration_ms.toFixed(1));
    put("note", call.notes.length ? call.notes[0].code : "");
    put("effect", effect ? (effect.line ? `override L${effect.line}` : `fault ${effect.name}`) : "");
    of("status")[0].classList.add(sent ? `c${Math.floor(status / 100)}` : "cx");
    for (const link of [...of("number"), ...of("link")]) link.href = `${base}/requests/${encodeURIComponent(call.id)}`;
    table.prepend(row);
    while (table.rows.length > 50) table.lastElementChild.remove();
  };
  const connect = () => {
    source = new EventSource(base + "/live");
    source.onopen = () => { pause = 1; tell("live", false); };
    source.addEventListener("call", ({ data }) => {
      if (table && !table.matches(":hover, :focus-within")) return add(JSON.parse(data));
      held += 1;
      tell(`${held} new, held while you read`, true);
    });
    source.addEventListener("skipped", ({ data }) => {
      const { topic, count } = JSON.parse(data);
      if (topic === "calls") { held += count; tell(`${held} more`, true); }
    });
    source.onerror = () => {
      source.close();
      tell("not live", true);
      setTimeout(() => document.hidden || connect(), 1000 * pause);
      pause = Math.min(60, pause * 2);
    };
  };
  if (live) {
    document.addEventListener("visibilitychange", () => { source?.close(); if (!document.hidden) connect(); });
    if (!document.hidden) connect();
  }

  // Keys: none of them deletes, and each has a visible control, which says its key if that is a letter.
  const places = { h: "", r: "/requests", p: "/parcels", w: "/webhooks", a: "/agenda", s: "/scenario", c: "/contract", b: "/sandbox", e: "/reference" };
  const go = (address) => { location = address; };
  const move = (step) => {
    const links = all("[data-rows] td:first-child a");
    if (!links.length) {
      const link = document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]");
      return link && go(link.href);
    }
    const index = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, index + step))].focus();
  };
  let before = "";
  const keys = {
    "/": () => document.getElementById("find").focus(),
    "?": () => { const keys = document.querySelector("details.keys"); keys.open = !keys.open; keys.scrollIntoView(); },
    j: () => move(1),
    k: () => move(-1),
    f: () => document.querySelector(".filters input, .filters select")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key === "Enter" && event.ctrlKey) return target.form?.querySelector("button")?.click();
    if (event.ctrlKey || event.altKey || event.metaKey || body.dataset.keys) return;
    if (target.closest("input, select, textarea")) return key === "Escape" && target.blur();
    if (before === "g") {
      before = "";
      if (key === "l") go(base + "/requests/latest");
      else if (key in places && document.querySelector(`.tabs a[href="${base + places[key]}"]`)) go(base + places[key]);
      return;
    }
    before = key;
    const name = key === "Escape" ? "u" : key, own = /^[a-z]$/i.test(name) && document.querySelector(`[data-key=${name}]`);
    if (own) return own.offsetParent && own.click();
    if (key !== "g" && keys[key]) { event.preventDefault(); keys[key](); }
  });
})();
