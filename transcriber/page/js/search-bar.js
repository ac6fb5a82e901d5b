// The bar that finds and replaces.

import { button, h, icon, iconButton } from "./dom.js";
import { clearMarks, mark } from "./highlights.js";
import { t } from "./i18n.js";
import { undoNotice } from "./notices.js";
import { replaced, Searcher, TooLong } from "./searching.js";
import { expression } from "./text-search.js";
import { shown } from "./words.js";

/** Hits that are marked at once; a single letter may have many thousands. */
const MARKED = 3000;

/**
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./segment-list.js").SegmentList} list
 * @param {AbortSignal} signal
 */
export function searchBar(text, list, signal) {
  /** @type {Array<{key: number, from: number, to: number}>} */
  let hits = [];
  let at = -1;
  /** @type {import("./text-search.js").Query | null} what the hits are of */
  let wanted = null;
  /** Number of the search that was begun last. */
  let begun = 0;
  const searcher = new Searcher(signal);

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
  async function search(stay = false) {
    if (element.hidden) return;
    const number = ++begun;
    const newest = () => number === begun && !element.hidden;
    const query = { text: what.value, matchCase: on(matchCase), wholeWord: on(wholeWord), regular: on(regular) };
    const { segments } = text;
    const keysOf = segments.map((one) => one.key);
    try {
      expression(query);
      const found = query.text ? await searcher.ask(newest, segments.map(shown), query) : [];
      if (!newest()) return;
      wanted = query.text ? query : null;
      hits = found.map((hit) => ({ ...hit, key: keysOf[hit.at] }));
      what.setCustomValidity("");
    } catch (error) {
      if (!newest()) return;
      wanted = null;
      hits = [];
      count.textContent = t(error instanceof TooLong ? "search.slow" : "search.wrong");
      what.setCustomValidity(count.textContent ?? "");
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

  /** @param {import("./words.js").Segment[]} segments @returns {Promise<import("./text-search.js").Hit[]>} none where it takes too long */
  const replacements = (segments) => wanted ? searcher.ask(() => true, segments.map(shown), wanted, put.value).catch(() => []) : Promise.resolve([]);

  /** Replace the hit that is shown, and go to the next. */
  async function one() {
    const hit = hits[at];
    const old = hit && text.get(hit.key);
    if (!old) return;
    const found = (await replacements([old])).filter((other) => other.from === hit.from);
    // Somebody may have typed meanwhile.
    if (!found.length || text.get(hit.key) !== old) return;
    text.apply([text.patch([old], [replaced(old, found)])]);
    await search(true);
    if (hits[at]) list.reveal(hits[at].key);
  }

  async function all() {
    const olds = [...new Set(hits.map((hit) => hit.key))].map((key) => text.get(key)).filter(Boolean);
    const found = Map.groupBy(await replacements(olds), (hit) => hit.at);
    const changed = [...found].filter(([number]) => text.get(olds[number].key) === olds[number]);
    if (!changed.length) return;
    const edit = text.apply(changed.map(([number, own]) => text.patch([olds[number]], [replaced(olds[number], own)])));
    const n = changed.reduce((sum, [, own]) => sum + own.length, 0);
    undoNotice(t("search.replaced", { n }), text, edit, signal);
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
