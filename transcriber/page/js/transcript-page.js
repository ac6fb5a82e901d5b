// The page "Transcript": listen, read, correct.

import { call } from "./api.js";
import { Autosave } from "./autosave.js";
import { TranscriptDocument } from "./document.js";
import { button, h } from "./dom.js";
import { removeSegments, setTimes } from "./edits.js";
import { followSpeech } from "./following.js";
import { clock } from "./format.js";
import { clearAll } from "./highlights.js";
import { t } from "./i18n.js";
import { job as jobOf, onJobs } from "./jobs.js";
import { ACTIVE, again } from "./job-row.js";
import { passages } from "./passage.js";
import { Player } from "./player.js";
import { preference } from "./preferences.js";
import { searchBar } from "./search-bar.js";
import { SegmentList } from "./segment-list.js";
import { segmentTools } from "./segment-tools.js";
import { useShortcuts } from "./shortcuts.js";
import { subtitlePreview } from "./subtitle-preview.js";
import { transcriptBar } from "./transcript-bar.js";
import { transcriptFeed } from "./transcript-feed.js";
import { transcriptHead } from "./transcript-head.js";
import { transcriptKeys } from "./transcript-keys.js";
import { Waveform } from "./waveform-view.js";
import { wordsPanel } from "./words-panel.js";
import { shown } from "./words.js";

/** Milliseconds after an edit until the subtitles are cut again. */
const CUT = 1200;

/**
 * @param {HTMLElement} root
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function transcriptPage(root, id, signal) {
  const text = new TranscriptDocument();
  const feed = transcriptFeed(id, text, signal);
  const loading = h("p", { class: "empty" }, t("loading"));
  root.append(loading);
  try {
    await feed.load();
  } catch (error) {
    if (signal.aborted) return;
    loading.replaceWith(h("section", { class: "empty" }, h("h1", {}, t("transcript.missing")), h("p", {}, /** @type {Error} */ (error).message),
      h("p", { class: "row" }, button(t("job.retry"), () => location.reload()), h("a", { href: "#/files", class: "button" }, t("transcript.back")))));
    return;
  }
  if (!signal.aborted) show(root, id, text, feed, signal);
}

/**
 * @param {HTMLElement} root
 * @param {string} id
 * @param {TranscriptDocument} text
 * @param {import("./transcript-feed.js").Feed} feed
 * @param {AbortSignal} signal
 */
function show(root, id, text, feed, signal) {
  const job = /** @type {import("./jobs.js").Job} */ (jobOf(id));
  const player = new Player(id, job.duration ?? text.segments.at(-1)?.end ?? 0, signal);
  const length = () => player.length;
  /** @type {{start: number, end: number} | null} */
  let range = null;

  const list = new SegmentList(text, {
    hear: (time) => {
      following.follow();
      player.hear(time);
    },
    current: () => {
      tools.place();
      wave.draw();
    },
    extend: (key) => {
      const [one, two] = [text.get(list.current), text.get(key)];
      select({ start: Math.min(range?.start ?? one.start, two.start), end: Math.max(range?.end ?? one.end, two.end) });
    },
    left: (key, before) => words.learn(before, shown(text.get(key))),
    length,
    clickPlays: () => preference("clickPlays", true),
  }, signal);
  const wave = new Waveform(length(), {
    seek: (time) => player.seek(time),
    select: (chosen) => select(chosen),
    move: (start, end) => setTimes(text, list.current, start, end),
    segments: () => text.segments,
    current: () => list.current,
  });
  const passage = passages(id, text, signal);
  const redo = () => {
    const segment = text.get(list.current);
    const at = range ?? (segment && { start: segment.start, end: segment.end });
    if (!at) return;
    // Segments are redone as a whole: what is in them only in part would be lost.
    const inside = text.within(at.start, at.end);
    const { language, options } = jobOf(id) ?? job;
    // A few words are easily taken for another language.
    passage.redo({ start: Math.min(at.start, ...inside.map((one) => one.start)), end: Math.max(at.end, ...inside.map((one) => one.end)) }, language ? { language, ...options } : options);
  };
  const tools = segmentTools(text, list, { hear: (start, end) => player.hear(start, end), redo, length });
  /** Room is made beside the text when something is there. */
  const beside = () => root.classList.toggle("beside", !(subtitles.element.hidden && words.element.hidden));
  const words = wordsPanel(beside, () => again(/** @type {any} */ (jobOf(id)), { hotwords: preference("vocabulary", []).join(", ") }));
  const saving = new Autosave(id, text, feed, signal);
  const search = searchBar(text, list, signal);
  const subtitles = subtitlePreview(id, () => saving.flush(), (time) => player.hear(time), signal);
  const step = (/** @type {"undo" | "redo"} */ which) => undoable(text, list, which);
  const side = h("aside", { class: "sides" }, subtitles.element, words.element);
  const bar = transcriptBar(text, list, root, {
    search: search.open, undo: () => step("undo"), redo: () => step("redo"),
    subtitles: (on) => {
      subtitles.element.hidden = !on;
      beside();
      subtitles.refresh();
    },
  }, signal);
  const chosen = h("div", { class: "range", hidden: true });
  const stuck = h("div", { class: "stuck" }, wave.element, h("div", { class: "row controls" }, player.element, bar.element), search.element, chosen, passage.element);
  const empty = h("p", { class: "empty" });
  const following = followSpeech(text, list, player, stuck, signal);

  /** @param {{start: number, end: number} | null} next */
  function select(next) {
    range = next;
    wave.setRange(range);
    list.select(range);
    chosen.hidden = !range;
    if (!range) return chosen.replaceChildren();
    const { start, end } = range;
    const keys = text.within(start, end).map((one) => one.key);
    chosen.replaceChildren(h("span", {}, t("range.chosen", { start: clock(start, 1), end: clock(end, 1), n: keys.length })),
      button(t("player.play"), () => player.hear(start, end), { symbol: "play" }),
      button(t("segment.redo"), redo, { symbol: "redo" }),
      button(t("range.remove"), () => {
        removeSegments(text, keys);
        select(null);
      }, { symbol: "trash", disabled: !keys.length }),
      button(t("range.clear"), () => select(null), { class: "quiet" }));
  }

  /** What there is to say where no text is. */
  function tell() {
    const state = jobOf(id)?.state ?? "done";
    empty.hidden = text.segments.length > 0;
    empty.textContent = t(ACTIVE.has(state) ? `transcript.empty.${state}` : state === "done" ? "transcript.silent" : "transcript.empty.failed");
  }

  const peaks = () => call("GET", `jobs/${id}/peaks`, undefined, { signal }).then(({ peaks: values, per_second: perSecond, duration }) => {
    if (!player.length) player.length = duration;
    wave.setLength(player.length);
    wave.setPeaks(values, perSecond);
  }, () => {
    // Without it there is the strip, only flat; it is asked again when the recording was read.
  });

  let cut = 0;
  text.onChange(({ origin }) => {
    tools.place();
    wave.draw();
    tell();
    if (range) select(range);
    if (origin === "arrive" && subtitles.element.hidden) return;
    clearTimeout(cut);
    cut = setTimeout(subtitles.refresh, CUT);
  }, signal);
  let state = job.state;
  onJobs((changed) => {
    const next = jobOf(id)?.state ?? state;
    if (changed === id && next === "done" && state !== "done") peaks().then(() => player.reload());
    state = next;
    tell();
  }, signal);
  player.onTime((time) => {
    if (wave.length !== player.length) wave.setLength(player.length);
    wave.setTime(time);
    subtitles.show(time);
  });
  signal.addEventListener("abort", clearAll);
  useShortcuts(transcriptKeys({ player, list, tools, bar, search, redo, saving, undo: step, clear: () => select(null) }), signal);

  feed.start(job.state, { began: (revision) => saving.begin(revision), dirty: () => saving.dirty, mine: () => saving.revision });
  root.replaceChildren(transcriptHead(id, saving, feed.load, signal), stuck, h("div", { class: "reading" }, h("div", { class: "text-side" }, list.element, empty), side), following.element);
  list.start();
  tell();
  peaks();
  saving.begin(feed.revision());
}

/**
 * Undo or redo, and show where.
 * @param {TranscriptDocument} text
 * @param {SegmentList} list
 * @param {"undo" | "redo"} which
 */
function undoable(text, list, which) {
  /** @type {number | undefined} */
  let key;
  text.addEventListener("change", (event) => {
    const { patches } = /** @type {CustomEvent} */ (event).detail;
    key = patches[0]?.inserted[0]?.key ?? patches[0]?.after;
  }, { once: true });
  text[which]();
  if (key) list.focus(key, Infinity);
}
