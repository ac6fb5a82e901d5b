// Which page is shown: the part of the address behind #.

import { t } from "./i18n.js";

/** @typedef {(root: HTMLElement, parameter: string, signal: AbortSignal) => void | Promise<void>} Page */

/** @type {Record<string, Page>} */
let pages = {};
let leaving = new AbortController();
/** @type {Array<(name: string) => void>} */
const watchers = [];

/**
 * Start with the page that the address names.
 * @param {Record<string, Page>} table the first one is home
 */
export function startRouter(table) {
  pages = table;
  addEventListener("hashchange", () => {
    if (location.hash.startsWith("#/")) show(true);
  });
  show(false);
}

/** Call with the name of each page that is shown. */
export const onPage = (/** @type {(name: string) => void} */ watcher) => watchers.push(watcher);

/** Show the page anew, as after a change of language. */
export const refresh = () => show(false);

/** @param {boolean} focus whether a reader must be told: not at the first page */
function show(focus) {
  const [name, parameter = ""] = location.hash.replace(/^#\//, "").split("/");
  const home = Object.keys(pages)[0];
  const page = Object.hasOwn(pages, name) ? name : home;
  leaving.abort();
  leaving = new AbortController();
  const root = /** @type {HTMLElement} */ (document.getElementById("main"));
  root.replaceChildren();
  root.className = `page-${page}`;
  document.title = `${t(`nav.${page}`)} – ${t("program")}`;
  const { signal } = leaving;
  const drawn = pages[page](root, decodeURIComponent(parameter), signal);
  for (const watcher of watchers) watcher(page);
  if (!focus) return;
  if (drawn) drawn.then(() => signal.aborted || focusHeading(root));
  else focusHeading(root);
}

/** Tell a reader where it is. */
function focusHeading(/** @type {HTMLElement} */ root) {
  scrollTo(0, 0);
  const heading = /** @type {HTMLElement | null} */ (root.querySelector("h1"));
  heading?.setAttribute("tabindex", "-1");
  (heading ?? root).focus({ preventScroll: true });
}
