// A menu below a button.

import { h, icon, unique } from "./dom.js";

/**
 * @typedef {{text: string, detail?: string, symbol?: string, run: () => void, danger?: boolean}} Item
 */

/**
 * Make a button that opens a menu. The items are asked for when it opens.
 * @param {HTMLElement} opener
 * @param {() => Array<Item | null> | Promise<Array<Item | null>>} items
 * @returns {HTMLElement} the opener
 */
export function withMenu(opener, items) {
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", async () => {
    const found = (await items()).filter((item) => item !== null);
    if (opener.isConnected) open(opener, found);
  });
  return opener;
}

/**
 * @param {HTMLElement} opener
 * @param {Item[]} items
 */
function open(opener, items) {
  const menu = h("div", { class: "menu", role: "menu", popover: "auto", id: unique("menu") });
  for (const item of items) {
    const choose = () => {
      menu.hidePopover();
      item.run();
    };
    menu.append(h("button", { type: "button", role: "menuitem", tabindex: "-1", class: item.danger ? "danger" : "", onclick: choose },
      item.symbol && icon(item.symbol), h("span", {}, item.text), item.detail && h("small", {}, item.detail)));
  }
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => move(menu, event));
  menu.addEventListener("toggle", (/** @type {any} */ event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") return;
    menu.remove();
    if (document.activeElement === document.body) opener.focus();
  });
  // In a dialog, the menu must be in its layer.
  (opener.closest("dialog") ?? /** @type {Element} */ (document.getElementById("main"))).append(menu);
  menu.showPopover();
  place(menu, opener.getBoundingClientRect());
  menu.firstElementChild?.focus();
}

/**
 * Below the opener, or above where there is no room; never over the edge.
 * @param {HTMLElement} menu
 * @param {DOMRect} at
 */
function place(menu, at) {
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + 4 + height < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px`;
}

/**
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
function move(menu, event) {
  const all = [...menu.children];
  const at = all.indexOf(/** @type {Element} */ (document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Tab") /** @type {any} */ (menu).hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  /** @type {HTMLElement} */ (all[next % all.length]).focus();
}
