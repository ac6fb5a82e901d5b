// The bar that finds and replaces.

import { button, h, icon, iconButton } from "./dom.js";
import { clearMarks, mark } from "./highlights.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";
import { expression, find, replaced } from "./text-search.js";

/** Hits that are marked at once; a single letter may have many thousands. */
const MARKED = 3000;

/**
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./segment-list.js").SegmentList} list
 * @param {AbortSignal} signal
 */
export function searchBar(text, list, signal) {
  /** @type {import("./text-search.js").Hit[]} */
  let hits = [];
  let at = -1;
  /** @type {RegExp | null} */
  let wanted = null;

  const toggle = (/** @type {string} */ label, /** @type {any} */ sign) => h("button", { type: "button", class: "toggle", "aria-pressed": "false", "aria-label": label, title: label, onclick: (/** @type {any} */ event) => {
    const pressed = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(pressed));
    search();
  } }, sign);
  const on = (/** @type {HTMLElement} */ one) => one.getAttribute("aria-pressed") === "true";
  const what = h("input", { type: "search", "aria-label": t("search.what"), placeholder: t("search.what"), oninput: () => search(), onkeydown: keys });
  const put = h("input", { type: "text", "aria-label": t("search.put"), placeholder: t("search.put"), onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" ? one() : keys(event) });
  const count = h("span", { class: "count", role: "status" });
  const [matchCase, wholeWord, regular] = [toggle(t("search.case"), "Aa"), toggle(t("search.word"), icon("whole-word")), toggle(t("search.regular"), ".*")];
  const element = h("div", { class: "search-bar", role: "search", hidden: true },
    h("div", { class: "row" }, what, matchCase, wholeWord, regular, count,
      iconButton("up", t("search.previous"), () => go(-1)), iconButton("down", t("search.next"), () => go(1)), iconButton("close", t("close"), close)),
    h("div", { class: "row" }, put, button(t("search.replace"), one), button(t("search.all"), all)));

  /** @param {boolean} [stay] at the hit that is shown */
  function search(stay = false) {
    if (element.hidden) return;
    what.setCustomValidity("");
    try {
      wanted = expression({ text: what.value, matchCase: on(matchCase), wholeWord: on(wholeWord), regular: on(regular) });
      hits = wanted ? find(text.segments, wanted) : [];
    } catch (error) {
      wanted = null;
      hits = [];
      count.textContent = t("search.wrong");
      what.setCustomValidity(/** @type {Error} */ (error).message);
      return draw();
    }
    if (!stay) {
      // From where one reads, not from the start.
      const from = text.indexOf(list.current);
      at = hits.findIndex((hit) => text.indexOf(hit.key) >= from);
    }
    at = hits.length ? Math.min(Math.max(at, 0), hits.length - 1) : -1;
    draw();
    if (!stay && at >= 0) list.reveal(hits[at].key);
  }

  function draw() {
    clearMarks("found");
    clearMarks("here");
    for (const hit of hits.slice(0, MARKED)) mark("found", list.rows.get(hit.key)?.node ?? null, hit.from, hit.to);
    if (hits[at]) mark("here", list.rows.get(hits[at].key)?.node ?? null, hits[at].from, hits[at].to);
    if (wanted || !what.value) count.textContent = what.value ? t("search.count", { at: at + 1, all: hits.length }) : "";
  }

  /** @param {number} step */
  function go(step) {
    if (!hits.length) return;
    at = (at + step + hits.length) % hits.length;
    draw();
    list.reveal(hits[at].key);
  }

  /** @param {KeyboardEvent} event */
  function keys(event) {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  }

  /** Replace the hit that is shown, and go to the next. */
  function one() {
    const hit = hits[at];
    if (!hit || !wanted) return;
    const old = text.get(hit.key);
    text.apply([text.patch([old], [replaced(old, wanted, put.value, on(regular), hit.from)])]);
    search(true);
    if (hits[at]) list.reveal(hits[at].key);
  }

  function all() {
    const expressed = wanted;
    if (!expressed || !hits.length) return;
    const n = hits.length;
    const keysOf = [...new Set(hits.map((hit) => hit.key))].map((key) => text.get(key));
    text.apply(keysOf.map((old) => text.patch([old], [replaced(old, expressed, put.value, on(regular))])));
    notice(t("search.replaced", { n }), { action: [t("undo"), () => text.undo()] });
  }

  function close() {
    element.hidden = true;
    clearMarks("found");
    clearMarks("here");
    const hit = hits[at];
    if (hit) list.focus(hit.key, hit.from, hit.to);
    else list.rows.get(list.current)?.text.focus();
  }

  let pending = 0;
  text.onChange(() => {
    clearTimeout(pending);
    pending = setTimeout(() => search(true), 100);
  }, signal);

  return {
    element,
    open() {
      const selected = getSelection()?.toString() ?? "";
      element.hidden = false;
      if (selected && !selected.includes("\n") && selected.length < 80) what.value = selected;
      what.focus();
      what.select();
      search();
    },
    next: go,
  };
}
