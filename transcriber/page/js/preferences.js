// What this browser remembers: how the page looks and behaves. Settings of the program are not here.

const KEY = "transcriber.preferences";

/** @type {Record<string, any>} */
let kept = {};
try {
  kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
} catch {
  // Storage is forbidden or damaged: the page works without it.
}

/**
 * @param {string} name
 * @param {any} [otherwise]
 */
export const preference = (name, otherwise) => kept[name] ?? otherwise;

/**
 * @param {string} name
 * @param {any} value
 */
export function prefer(name, value) {
  kept = { ...kept, [name]: value };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // It holds until the page is closed.
  }
}

/** Show the theme that was chosen: "light", "dark", or "system". */
export function showTheme() {
  document.documentElement.dataset.theme = preference("theme", "system");
}
