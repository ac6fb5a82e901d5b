// Decodes a passage again with other settings, and puts the new text in the place of the old.

import { call, once } from "./api.js";
import { listen } from "./connection.js";
import { dialog } from "./dialogs.js";
import { field, h, iconButton } from "./dom.js";
import { replacePassage } from "./edits.js";
import { clock, parseClock, percent } from "./format.js";
import { t } from "./i18n.js";
import { hidePassage, trouble } from "./jobs.js";
import { attempt, notice, undoNotice } from "./notices.js";
import { optionField, optionGroups } from "./option-fields.js";
import { prefer, preference } from "./preferences.js";
import { collectedWords } from "./vocabulary.js";

/** What helps most with a passage that went wrong. */
const FIRST = ["model", "language", "hotwords", "initial_prompt", "temperature"];

/** Where the passages that were begun in this browser are remembered, and how many. */
const BEGUN = "passages";
const REMEMBERED = 20;

/** @typedef {{start: number, end: number}} Range */

/**
 * Ask how a passage is to be decoded.
 * @param {Range} range
 * @param {Record<string, any>} before the options of the recording
 * @returns {Promise<{range: Range, options: Record<string, any>} | null>}
 */
async function askHow(range, before) {
  const [{ groups }, { languages }, { models }] = await Promise.all(["options", "state", "models"].map(once));
  const words = collectedWords().join(", ");
  /** @type {Record<string, any>} */
  const options = { ...before, ...(words && !before.hotwords ? { hotwords: words } : {}) };
  const time = (/** @type {number} */ value) => h("input", { type: "text", inputmode: "decimal", value: clock(value, 2), required: true });
  const [start, end] = [time(range.start), time(range.end)];
  const make = (/** @type {import("./option-fields.js").Option} */ option) => optionField(option, options[option.name], (value) => {
    if (value === undefined) delete options[option.name];
    else options[option.name] = value;
  }, { languages, models });
  const all = groups.flatMap((/** @type {any} */ group) => group.options);
  const first = FIRST.map((name) => all.find((/** @type {any} */ option) => option.name === name)).filter(Boolean);
  const times = () => ({ start: parseClock(start.value), end: parseClock(end.value) });
  const answer = await dialog(t("passage.title"), [
    h("p", { class: "muted" }, t("passage.text")),
    h("div", { class: "fields two" }, field(t("times.start"), start), field(t("times.end"), end)),
    h("div", { class: "fields" }, first.map(make)),
    h("details", { class: "more" }, h("summary", {}, t("options.more")), optionGroups(groups, make, (option) => !FIRST.includes(option.name))),
  ], { accept: t("passage.run"), wide: true, check: () => ((times().start ?? Infinity) < (times().end ?? -1) ? null : t("times.wrong")) });
  return answer === "ok" ? { range: /** @type {Range} */ (times()), options } : null;
}

/**
 * The passages of a transcript that are being decoded.
 * @param {string} id
 * @param {import("./document.js").TranscriptDocument} text
 * @param {AbortSignal} signal
 */
export function passages(id, text, signal) {
  const element = h("div", { class: "passages", role: "status" });
  /** @type {Map<string, {range: Range, box: HTMLElement, bar: HTMLElement, taken?: boolean}>} */
  const running = new Map();

  const end = (/** @type {string} */ passage) => {
    running.get(passage)?.box.remove();
    running.delete(passage);
    call("DELETE", `jobs/${passage}`).catch(() => {});
  };

  /** @param {Range} range @param {Record<string, any>} options */
  async function begin(range, options) {
    const job = await call("POST", `jobs/${id}/passage`, { ...range, options });
    hidePassage(job.id);
    prefer(BEGUN, [...preference(BEGUN, []), job.id].slice(-REMEMBERED));
    show(job, range);
  }

  /** @param {import("./jobs.js").Job} job @param {Range} range */
  function show(job, range) {
    if (signal.aborted || running.has(job.id)) return;
    const bar = h("span", {}, t("passage.runs", { start: clock(range.start), end: clock(range.end) }));
    const box = h("div", { class: "passage" }, h("span", { class: "spinner" }), bar, iconButton("close", t("passage.cancel"), () => end(job.id)));
    running.set(job.id, { range, box, bar });
    element.append(box);
    // An event may have been before it was in the list.
    look(job.id);
  }

  const look = (/** @type {string} */ passage) => call("GET", `jobs/${passage}`).then(follow, (problem) => problem.status === 404 && end(passage));

  /** Go on with those that were left with the page; those of scripts are their own. */
  async function resume() {
    const { jobs } = await call("GET", "jobs", undefined, { signal });
    for (const job of jobs) {
      if (job.passage_of !== id || !preference(BEGUN, []).includes(job.id)) continue;
      const [start, end] = job.options.clip_timestamps.split(",").map(Number);
      show(job, { start, end });
    }
  }

  /** @param {import("./jobs.js").Job} job */
  async function follow(job) {
    const known = running.get(job.id);
    if (!known) return;
    const { range } = known;
    if (job.state === "done") {
      // It may be told twice.
      if (known.taken) return;
      known.taken = true;
      const found = await attempt(() => call("GET", `jobs/${job.id}/transcript`));
      if (!running.has(job.id)) return;
      end(job.id);
      if (!found) return;
      const edit = replacePassage(text, range.start, range.end, found.segments);
      undoNotice(t(found.segments.length ? "passage.done" : "passage.silent"), text, edit, signal);
    } else if (job.state === "failed" || job.state === "cancelled") {
      end(job.id);
      notice(job.error ? trouble(job.error) : t("passage.failed"), { problem: true, action: [t("job.retry"), () => attempt(() => begin(range, job.options))] });
    }
  }

  listen("job", follow, signal);
  listen("download", ({ job, done, total }) => {
    const known = running.get(job);
    if (known && total) known.bar.textContent = t("passage.fetching", { part: percent(done / total) });
  }, signal);
  // Events may have been lost.
  listen("reload", () => [...running.keys()].forEach(look), signal);
  // Nothing is done to a page that was left.
  signal.addEventListener("abort", () => running.clear());
  attempt(resume);

  return {
    element,
    /** @param {Range} range @param {Record<string, any>} options */
    async redo(range, options) {
      const chosen = await attempt(() => askHow(range, options));
      if (chosen) await attempt(() => begin(chosen.range, chosen.options));
    },
  };
}

