// Lights the word that is spoken, and scrolls with it until the reader scrolls.

import { button, h, typing } from "./dom.js";
import { clearMarks, mark } from "./highlights.js";
import { t } from "./i18n.js";
import { placeAt } from "./words.js";

/** Keys by which somebody scrolls. */
const SCROLL = new Set(["PageUp", "PageDown", "Home", "End"]);

/**
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./segment-list.js").SegmentList} list
 * @param {import("./player.js").Player} player
 * @param {HTMLElement} above what covers the top of the page
 * @param {AbortSignal} signal
 */
export function followSpeech(text, list, player, above, signal) {
  let follows = true;
  let lit = 0;
  let word = "";
  const back = button(t("follow.back"), () => {
    set(true);
    list.reveal(lit);
  }, { class: "primary follow", symbol: "down", hidden: true });

  /** @param {boolean} on */
  function set(on) {
    follows = on;
    back.hidden = on || !player.playing;
  }

  /** @param {number} time */
  function show(time) {
    const segment = text.at(time);
    const now = segment && time <= segment.end ? segment : null;
    if ((now?.key ?? 0) !== lit) {
      list.rows.get(lit)?.element.classList.remove("playing");
      lit = now?.key ?? 0;
      list.rows.get(lit)?.element.classList.add("playing");
      if (now && player.playing) scroll();
    }
    const place = now && placeAt(now, time);
    const next = place ? `${now.key} ${place.from} ${place.to}` : "";
    if (next === word) return;
    word = next;
    clearMarks("spoken");
    if (place) mark("spoken", list.rows.get(now.key)?.node ?? null, place.from, place.to);
  }

  function scroll() {
    // Who types somewhere else wants to stay there.
    const focus = /** @type {HTMLElement} */ (document.activeElement);
    if (!follows || (typing(focus) && list.element.contains(focus) && list.current !== lit)) return;
    const row = list.rows.get(lit)?.element.getBoundingClientRect();
    const top = above.getBoundingClientRect().bottom;
    if (row && (row.top < top + 8 || row.bottom > innerHeight - 80)) list.reveal(lit);
  }

  const stop = () => player.playing && set(false);
  addEventListener("wheel", (event) => !event.ctrlKey && Math.abs(event.deltaY) > 0 && stop(), { signal, passive: true });
  addEventListener("touchmove", stop, { signal, passive: true });
  addEventListener("keydown", (event) => SCROLL.has(event.key) && stop(), { signal });
  // The scroll bar is no part of the page.
  addEventListener("pointerdown", (event) => event.clientX >= document.documentElement.clientWidth && stop(), { signal });
  player.audio.addEventListener("pause", () => (back.hidden = true));
  player.audio.addEventListener("play", () => (back.hidden = follows));
  player.onTime(show);
  text.onChange(() => {
    word = "";
    lit = -1;
    show(player.time);
  }, signal);
  return { element: back, follow: () => set(true) };
}
