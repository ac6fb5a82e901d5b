// Keys. What is pressed is looked up in one list, and the same list is shown under "?".

import { dialog } from "./dialogs.js";
import { h, typing } from "./dom.js";
import { t } from "./i18n.js";

/**
 * `keys` as in "Ctrl+Shift+Z"; several with blanks between. Keys without Ctrl, Alt or F are left to
 * whoever is typing. `name` is the key of its text.
 * @typedef {{keys: string, name: string, run: (event: KeyboardEvent) => void, shown?: boolean}} Shortcut
 */

/** @type {Set<Shortcut[]>} */
const active = new Set();

/**
 * Let keys work until the signal ends them.
 * @param {Shortcut[]} shortcuts
 * @param {AbortSignal} [signal]
 */
export function useShortcuts(shortcuts, signal) {
  active.add(shortcuts);
  signal?.addEventListener("abort", () => active.delete(shortcuts));
}

/** Write a pressed key as the lists have it. */
export function pressed(/** @type {KeyboardEvent} */ event) {
  const name = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // The shift of "?" belongs to the key.
  const shift = event.shiftKey && (name.length > 1 || /[A-Z]/.test(name));
  return [(event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", shift && "Shift", name].filter(Boolean).join("+");
}

addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open], .menu")) return;
  const keys = pressed(event);
  const free = /^(Ctrl|Alt|F\d)|Escape/.test(keys);
  if (!free && typing(event.target)) return;
  // The space key presses the button that has the focus.
  const target = /** @type {HTMLElement} */ (event.target);
  if (keys === "Space" && target.closest("button, a, input, summary, select")) return;
  for (const list of active) {
    const found = list.find((one) => one.keys.split(" ").includes(keys));
    if (!found) continue;
    event.preventDefault();
    found.run(event);
    return;
  }
});

/** Show what the keys do here. */
export function showShortcuts() {
  const rows = [...active].reverse().flat().filter((one) => one.shown !== false);
  const key = (/** @type {string} */ name) => h("kbd", {}, t(`key.${name}`) === `key.${name}` ? name : t(`key.${name}`));
  dialog(t("shortcuts.title"), [
    h("dl", { class: "shortcuts" }, rows.map((one) => h("div", {},
      h("dt", {}, one.keys.split(" ").map((keys, at) => [at ? " / " : null, keys.split("+").map(key)])),
      h("dd", {}, t(one.name))))),
  ], { wide: true });
}
