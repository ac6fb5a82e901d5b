// One recording in the list.

import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { exportItems } from "./exporting.js";
import { clock, percent, span } from "./format.js";
import { languageName, t } from "./i18n.js";
import { download, lastLine, passagesOf, trouble } from "./jobs.js";
import { withMenu } from "./menu.js";
import { attempt } from "./notices.js";

/** @typedef {import("./jobs.js").Job} Job */

/** States in which something is or will be done. */
export const ACTIVE = new Set(["waiting", "running", "paused"]);

/**
 * Do something to a job. What becomes of it comes as an event, and may come before the answer.
 * @param {string} id
 * @param {string} verb
 * @param {any} [body]
 */
export const act = (id, verb, body) => attempt(() => call("POST", `jobs/${id}/${verb}`, body));

/**
 * Remove recordings, after a question.
 * @param {Job[]} jobs
 */
export async function remove(jobs) {
  const text = jobs.some((job) => job.edited) ? t("remove.edited") : t("remove.text");
  if (!(await confirmed(t("remove.title", { n: jobs.length, name: jobs[0].name }), text, t("remove")))) return;
  for (const job of jobs.flatMap((one) => [...passagesOf(one.id), one])) await attempt(() => call("DELETE", `jobs/${job.id}`));
}

/**
 * Decode anew, after a question if edits would be lost.
 * @param {Job} job
 * @param {Record<string, any>} [options] other than before
 */
export async function again(job, options = {}) {
  if (job.edited && !(await confirmed(t("again.title"), t("again.text"), t("again")))) return;
  await act(job.id, "again", { options: { ...job.options, ...options } });
}

/**
 * Go on with what failed or was given up.
 * @param {Job} job
 */
export const retry = (job) => act(job.id, "resume");

/**
 * Make the row of a job.
 * @param {Job} job
 * @param {(checked: boolean, range: boolean) => void} select
 */
export function jobRow(job, select) {
  const id = job.id;
  let now = job;
  const box = h("input", { type: "checkbox", onclick: (/** @type {MouseEvent} */ event) => select(box.checked, event.shiftKey) });
  const name = h("a", { href: `#/transcript/${id}`, class: "job-name", dir: "auto" });
  const badge = h("span", { class: "badge" });
  const facts = h("span", { class: "facts" });
  const bar = h("progress", { max: 1 });
  const left = h("span", { class: "left" });
  const work = h("div", { class: "work" }, bar, left);
  const line = h("p", { class: "job-line", dir: "auto" });
  const notes = h("div", { class: "job-notes" });
  const actions = h("div", { class: "job-actions" });
  const row = h("li", { class: "job" }, h("label", { class: "pick" }, box),
    h("div", { class: "job-main" }, h("div", { class: "job-head" }, name, badge), facts, work, line, notes), actions);
  let shape = "";

  /** What changes with every segment. */
  function progress() {
    const fetching = download(id);
    work.hidden = !(now.state === "running" || (now.state === "paused" && now.position > 0));
    if (fetching && now.state === "running") {
      bar.value = fetching.total ? fetching.done / fetching.total : 0;
      left.textContent = t("job.fetching", { model: fetching.name, part: percent(bar.value) });
    } else if (now.duration && now.position > 0) {
      bar.value = Math.min(1, now.position / now.duration);
      left.textContent = now.time_left !== null && now.state === "running" ? t("job.left", { part: percent(bar.value), left: span(now.time_left) }) : percent(bar.value);
    } else {
      bar.removeAttribute("value");
      left.textContent = t("job.begins");
    }
    bar.setAttribute("aria-label", t("job.progress", { name: now.name }));
    line.textContent = now.state === "running" ? (lastLine(id) ?? "") : "";
    line.hidden = !line.textContent;
  }

  /** What changes with the state. */
  function frame() {
    name.textContent = now.name;
    box.setAttribute("aria-label", t("job.select", { name: now.name }));
    const place = now.state === "waiting" && now.place !== null ? t("job.place", { place: now.place + 1 }) : t(`state.${now.state}`);
    badge.textContent = place;
    badge.className = `badge state-${now.state}`;
    const known = [now.duration !== null && clock(now.duration), now.language && languageName(now.language), now.options.model, now.options.task === "translate" && t("preset.translate"), now.edited && t("job.edited")];
    facts.textContent = known.filter(Boolean).join(" · ");
    notes.replaceChildren(
      ...(now.error ? [h("p", { class: "wrong" }, trouble(now.error))] : []),
      ...now.notes.map((note) => h("p", { class: "muted" }, note)));
    actions.replaceChildren(...buttons(now));
  }

  return {
    element: row,
    /** Show this. @param {Job} next */
    update(next) {
      now = next;
      const { position, time_left, ...rest } = next;
      const nextShape = JSON.stringify(rest);
      if (nextShape !== shape) frame();
      shape = nextShape;
      progress();
    },
    /** @param {boolean} checked */
    check(checked) {
      box.checked = checked;
      row.classList.toggle("selected", checked);
    },
  };
}

/** @param {Job} job */
function buttons(job) {
  const { id, state, name } = job;
  const label = (/** @type {string} */ key) => t(key, { name });
  const main = [];
  if (state === "running" || state === "waiting") main.push(iconButton("pause", label("job.pause"), () => act(id, "pause")));
  if (state === "paused") main.push(iconButton("play", label("job.resume"), () => act(id, "resume")));
  if (state === "failed" || state === "cancelled") main.push(button(t("job.retry"), () => retry(job), { symbol: "redo", "aria-label": label("job.retry.name") }));
  if (state === "done") main.push(withMenu(button(t("export"), () => {}, { symbol: "download", "aria-label": label("export.name") }), () => exportItems(() => [id])));
  return [...main, withMenu(iconButton("dots", label("job.more"), () => {}), () => [
    { text: t("job.open"), symbol: "text", run: () => (location.hash = `#/transcript/${id}`) },
    state === "waiting" ? { text: t("job.first"), symbol: "up", run: () => act(id, "priority", { priority: job.priority + 1 }) } : null,
    ACTIVE.has(state) ? { text: t("job.cancel"), symbol: "stop", run: () => act(id, "cancel") } : null,
    state === "done" ? { text: t("again"), symbol: "redo", run: () => again(job) } : null,
    { text: t("remove"), symbol: "trash", danger: true, run: () => remove([job]) },
  ])];
}
