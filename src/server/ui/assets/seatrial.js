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

  // Keys: none of them deletes, and each has a visible control.
  const places = { h: "", r: "/requests", p: "/parcels", w: "/webhooks", s: "/scenario", c: "/contract", b: "/sandbox" };
  const rows = () => all("[data-rows] td:first-child a");
  const go = (address) => { location = address; };
  const move = (step) => {
    const links = rows();
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
    c: () => document.querySelector("[data-key=c]")?.click(),
    N: () => document.getElementById("next")?.click(),
    u: () => { const up = document.querySelector("[data-up]"); up && go(up.href); },
    Escape: () => keys.u(),
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.closest("input, select, textarea")) return key === "Escape" && target.blur();
    if (before === "g") {
      before = "";
      if (key === "l") go(base + "/requests/latest");
      else if (key in places && document.querySelector(`.tabs a[href="${base + places[key]}"]`)) go(base + places[key]);
      return;
    }
    before = key;
    if (key !== "g" && keys[key]) { event.preventDefault(); keys[key](); }
  });
})();
