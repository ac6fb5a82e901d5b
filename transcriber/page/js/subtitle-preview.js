// What the subtitles would look like, cut by the program's rules, while one edits.

import { h, select } from "./dom.js";
import { exported } from "./exporting.js";
import { clock } from "./format.js";
import { t } from "./i18n.js";
import { preference, prefer } from "./preferences.js";
import { parseSrt } from "./srt.js";

const RULES = ["", "standard", "short", "words"];
/** Cues in the list: those around. Word by word, three hours have thirty thousand. */
const AROUND = 60;

/**
 * The panel. `refresh` asks for the cues again, `show` shows the one of a time.
 * @param {string} id
 * @param {() => Promise<void>} save what must happen before the program is asked
 * @param {(time: number) => void} hear
 * @param {AbortSignal} signal
 */
export function subtitlePreview(id, save, hear, signal) {
  /** @type {import("./srt.js").Cue[]} */
  let cues = [];
  let at = -1;
  let first = 0;
  let last = 0;
  let asking = new AbortController();
  const stage = h("div", { class: "stage", "aria-live": "off" }, h("p", { dir: "auto" }));
  const list = h("ol", { class: "cues" });
  const state = h("p", { class: "muted" });
  const rules = select(RULES.map((rule) => [rule, t(`choice.${rule || "none"}`)]), preference("subtitles", "standard"), (rule) => {
    prefer("subtitles", rule);
    refresh();
  }, { "aria-label": t("subtitles.rules") });
  const element = h("section", { class: "card side", "aria-label": t("subtitles.title"), hidden: true },
    h("header", {}, h("h2", {}, t("subtitles.title")), rules), stage, state, list);

  async function refresh() {
    if (element.hidden) return;
    asking.abort();
    asking = new AbortController();
    const { signal: own } = asking;
    try {
      await save();
      cues = parseSrt(await (await exported(id, "srt", preference("subtitles", "standard"), own)).text());
      if (own.aborted || signal.aborted) return;
      state.textContent = t("subtitles.count", { n: cues.length });
      show(last, true);
    } catch (error) {
      if (!own.aborted) state.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** List the cues around one. @param {number} middle */
  function draw(middle) {
    first = Math.max(0, middle - AROUND);
    list.replaceChildren(...cues.slice(first, middle + AROUND).map((cue) => h("li", {},
      h("button", { type: "button", class: "cue", onclick: () => hear(cue.start) }, h("small", {}, clock(cue.start, 1)), h("span", { dir: "auto" }, cue.lines.join(" "))))));
  }

  /** The first cue that is not over at a time. @param {number} time */
  function find(time) {
    let low = 0;
    for (let high = cues.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (cues[middle].end <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} time @param {boolean} [anew] whether the cues are others */
  function show(time, anew = false) {
    last = time;
    if (element.hidden) return;
    const next = find(time);
    const now = cues[next] && cues[next].start <= time ? next : -1;
    if (anew || next < first || next >= first + list.children.length - 1) draw(next);
    else if (now === at) return;
    list.querySelector(".now")?.classList.remove("now");
    at = now;
    const row = /** @type {HTMLElement | undefined} */ (list.children[at - first]);
    if (at >= 0) row?.classList.add("now");
    // Only the list moves, never the page.
    if (row) list.scrollTop = row.offsetTop - list.clientHeight / 2;
    stage.firstChild.textContent = at < 0 ? "" : cues[at].lines.join("\n");
  }

  signal.addEventListener("abort", () => asking.abort());
  return { element, refresh, show };
}

