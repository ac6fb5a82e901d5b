// The buttons above the text: undo, search, doubtful words, and what is shown.

import { doubtful, nextDoubt } from "./doubts.js";
import { button, h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { say } from "./notices.js";
import { preference, prefer } from "./preferences.js";
import { caretIn } from "./caret.js";
import { shown } from "./words.js";

/** Milliseconds after a change until doubts are counted again: not at each letter. */
const COUNT = 400;

/**
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./segment-list.js").SegmentList} list
 * @param {HTMLElement} root of the page
 * @param {{search: () => void, subtitles: (on: boolean) => void, undo: () => void, redo: () => void}} hooks
 * @param {AbortSignal} signal
 */
export function transcriptBar(text, list, root, hooks, signal) {
  const undo = iconButton("undo", t("undo"), hooks.undo);
  const redo = iconButton("redo-edit", t("redo"), hooks.redo);
  const count = h("span", { class: "doubt-count" });
  const nav = h("span", { class: "joined" }, iconButton("up", t("doubts.previous"), () => doubt(-1)), iconButton("down", t("doubts.next"), () => doubt(1)));

  /** A button that stays pressed, as the browser remembers. @param {string} name @param {string} symbol @param {boolean} usual @param {(on: boolean) => void} changed */
  function toggle(name, symbol, usual, changed, /** @type {any} */ label = h("span", {}, t(`toggle.${name}`))) {
    const press = (/** @type {boolean} */ on) => {
      one.setAttribute("aria-pressed", String(on));
      changed(on);
    };
    const one = h("button", { type: "button", class: "toggle", title: t(`toggle.${name}.help`), onclick: () => {
      const on = one.getAttribute("aria-pressed") !== "true";
      prefer(name, on);
      press(on);
    } }, icon(symbol), label);
    press(preference(name, usual));
    return one;
  }

  /** Go to the next doubtful word. @param {1 | -1} step */
  function doubt(step) {
    const row = list.rows.get(list.current);
    const caret = row && caretIn(row.text);
    const found = nextDoubt(text.segments, text.indexOf(list.current), caret?.from ?? (step > 0 ? -1 : Infinity), step);
    if (!found) return say(t("doubts.none"));
    list.focus(found.key, found.from, found.to);
    list.reveal(found.key);
    say(t("doubts.at", { word: shown(text.get(found.key)).slice(found.from, found.to) }));
  }

  let pending = 0;
  function refresh() {
    undo.disabled = !text.canUndo;
    redo.disabled = !text.canRedo;
    clearTimeout(pending);
    pending = setTimeout(() => {
      const n = text.segments.reduce((sum, one) => sum + doubtful(one).length, 0);
      count.textContent = t("doubts.count", { n });
      count.dataset.n = String(n);
      nav.hidden = !n;
    }, COUNT);
  }
  text.onChange(refresh, signal);
  count.textContent = t("doubts.count", { n: 0 });
  refresh();

  const element = h("div", { class: "tool-bar", role: "toolbar", "aria-label": t("transcript.tools") },
    h("span", { class: "joined" }, undo, redo),
    button(t("search"), hooks.search, { symbol: "search", class: "quiet" }),
    h("span", { class: "joined" }, toggle("doubts", "doubt", true, (on) => root.classList.toggle("no-doubts", !on), count), nav),
    toggle("clickPlays", "click", true, () => {}),
    toggle("showSubtitles", "subtitles", false, hooks.subtitles));
  return { element, doubt };
}
