// What stands around every page: the name, the ways to the pages, and the state of the connection.

import { connection, listen } from "./connection.js";
import { h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";
import { onPage } from "./router.js";
import { showShortcuts } from "./shortcuts.js";

const PAGES = [["files", "files"], ["live", "mic"], ["models", "box"], ["settings", "sliders"]];

/** Fill the head of the page, in the language that is loaded. */
export function drawShell() {
  const links = PAGES.map(([name, symbol]) => h("a", { href: `#/${name}`, "data-page": name }, icon(symbol), h("span", {}, t(`nav.${name}`))));
  const banner = h("div", { class: "banner", role: "alert", hidden: true });
  const top = /** @type {HTMLElement} */ (document.getElementById("top"));
  top.replaceChildren(
    h("div", { class: "bar" },
      h("a", { href: "#/files", class: "brand", "aria-label": t("program") }, h("img", { src: "icon.svg", alt: "", width: "28", height: "28" }), h("span", {}, t("program"))),
      h("nav", { "aria-label": t("nav.label") }, links),
      iconButton("keyboard", t("shortcuts.title"), showShortcuts, { class: "quiet icon-only keys" })),
    banner);
  const skip = /** @type {HTMLElement} */ (document.getElementById("skip"));
  skip.textContent = t("skip");
  skip.onclick = (event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  };
  document.getElementById("notices")?.setAttribute("aria-label", t("notices"));
  mark(document.getElementById("main")?.className.replace("page-", "") ?? "");
  showConnection(banner);
  return banner;
}

/** @param {string} page */
function mark(page) {
  for (const link of document.querySelectorAll("nav a[data-page]")) {
    const here = /** @type {HTMLElement} */ (link).dataset.page === (page === "transcript" ? "files" : page);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

let wasLost = false;

/** @param {HTMLElement} banner */
function showConnection(banner) {
  const state = connection();
  const bad = state === "lost" || state === "refused";
  banner.hidden = !bad;
  banner.textContent = bad ? t(`connection.${state}`) : "";
  if (wasLost && !bad) notice(t("connection.back"));
  wasLost = bad;
}

/** Follow the pages and the connection. */
export function startShell() {
  drawShell();
  onPage(mark);
  listen("state", () => showConnection(/** @type {HTMLElement} */ (document.querySelector(".banner"))));
}
