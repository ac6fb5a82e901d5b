// The list of recordings: what is sent, what runs, what waits and what is done.

import { call } from "./api.js";
import { button, h } from "./dom.js";
import { exportItems } from "./exporting.js";
import { t } from "./i18n.js";
import { allJobs, job, loaded, onJobs, paused, problem } from "./jobs.js";
import { ACTIVE, act, jobRow, remove, retry } from "./job-row.js";
import { withMenu } from "./menu.js";
import { attempt } from "./notices.js";
import { roving } from "./roving.js";
import { uploadRow } from "./upload-row.js";
import { allUploads, onUploads } from "./uploads.js";

/**
 * The list with its head.
 * @param {AbortSignal} signal
 */
export function jobList(signal) {
  /** @type {Map<string, any>} */
  const rows = new Map();
  /** @type {Set<string>} */
  const selected = new Set();
  let last = "";
  let wanted = "";
  let pending = false;

  const list = h("ul", { class: "jobs" });
  const sending = h("ul", { class: "jobs", "aria-label": t("upload.list") });
  const empty = h("p", { class: "empty" });
  const rove = roving(list);
  const head = h("div", { class: "list-head" });
  const marked = h("div", { class: "list-head selection", hidden: true });
  const search = h("input", { type: "search", placeholder: t("list.search"), "aria-label": t("list.search"), oninput: () => {
    wanted = search.value.toLocaleLowerCase();
    later();
  } });
  const pause = button("", () => attempt(() => call("POST", `queue/${paused ? "resume" : "pause"}`)));
  const all = h("input", { type: "checkbox", "aria-label": t("list.all"), onchange: () => {
    for (const one of visible()) all.checked ? selected.add(one.id) : selected.delete(one.id);
    later();
  } });
  head.append(h("label", { class: "pick" }, all), h("h2", {}, t("list.title")), search, pause);

  const visible = () => allJobs().filter((one) => !wanted || one.name.toLocaleLowerCase().includes(wanted));
  const chosen = () => allJobs().filter((one) => selected.has(one.id));

  /**
   * @param {string} id
   * @param {boolean} checked
   * @param {boolean} range from the row that was clicked before
   */
  function select(id, checked, range) {
    const ids = visible().map((one) => one.id);
    const [from, to] = [ids.indexOf(last), ids.indexOf(id)].sort((a, b) => a - b);
    for (const one of range && from >= 0 ? ids.slice(from, to + 1) : [id]) checked ? selected.add(one) : selected.delete(one);
    last = id;
    later();
  }

  /** Draw at the next frame, however many events come until then. */
  function later() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      if (!signal.aborted) draw();
    });
  }

  function draw() {
    const shown = visible();
    for (const id of [...rows.keys()]) if (!job(id)) rows.delete(id), selected.delete(id);
    const elements = shown.map((one) => {
      const row = rows.get(one.id) ?? jobRow(one, (checked, range) => select(one.id, checked, range));
      rows.set(one.id, row);
      row.update(one);
      row.check(selected.has(one.id));
      return row.element;
    });
    arrange(list, elements);
    rove();
    drawHead(shown.length);
    empty.hidden = shown.length > 0 || allUploads().length > 0;
    empty.textContent = problem ? problem.message : !loaded ? t("loading") : wanted ? t("list.nothing") : t("list.empty");
  }

  function drawHead(/** @type {number} */ count) {
    head.hidden = !allJobs().length;
    pause.replaceChildren(h("span", {}, t(paused ? "queue.resume" : "queue.pause")));
    pause.hidden = !paused && !allJobs().some((one) => ACTIVE.has(one.state));
    pause.classList.toggle("primary", paused);
    all.checked = count > 0 && selected.size >= count;
    all.indeterminate = selected.size > 0 && selected.size < count;
    const was = marked.hidden;
    marked.hidden = !selected.size;
    if (marked.hidden) return marked.replaceChildren();
    if (was) marked.replaceChildren(h("p", {}), ...selectionButtons());
    marked.firstChild.textContent = t("list.selected", { n: selected.size });
    for (const [one, fits] of works) one.disabled = !chosen().some(fits);
  }

  /** @typedef {(one: import("./jobs.js").Job) => boolean} Fits */
  /** @type {Map<any, Fits>} for which recordings each button is */
  const works = new Map();
  function selectionButtons() {
    const add = (/** @type {any} */ one, /** @type {Fits} */ fits) => {
      works.set(one, fits);
      return one;
    };
    const each = (/** @type {string} */ name, /** @type {string} */ symbol, /** @type {Fits} */ fits, /** @type {(one: any) => Promise<any>} */ work) => add(button(t(name), async () => {
      for (const one of chosen().filter(fits)) await work(one);
    }, { symbol }), fits);
    const done = (/** @type {any} */ one) => one.state === "done";
    works.clear();
    return [
      add(withMenu(button(t("export"), () => {}, { symbol: "download" }), () => exportItems(() => chosen().filter(done).map((one) => one.id))), done),
      each("job.pause.short", "pause", (one) => ["running", "waiting"].includes(one.state), (one) => act(one.id, "pause")),
      each("job.resume.short", "play", (one) => one.state === "paused", (one) => act(one.id, "resume")),
      each("job.retry", "redo", (one) => !ACTIVE.has(one.state) && one.state !== "done", retry),
      button(t("remove"), () => remove(chosen()), { symbol: "trash", class: "danger-quiet" }),
    ];
  }

  /** @type {Map<any, any>} */
  const sent = new Map();
  function drawUploads() {
    for (const one of sent.keys()) if (!allUploads().includes(one)) sent.delete(one);
    arrange(sending, allUploads().map((one) => {
      const row = sent.get(one) ?? uploadRow(one);
      sent.set(one, row);
      row.update();
      return row.element;
    }));
    sending.hidden = !allUploads().length;
    later();
  }

  onJobs(later, signal);
  onUploads(drawUploads, signal);
  drawUploads();
  draw();
  return h("section", { class: "list", "aria-label": t("list.title") }, head, marked, sending, list, empty);
}

/**
 * Make these the children, without touching those that are right: focus stays where it is.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} elements
 */
function arrange(parent, elements) {
  const keep = new Set(elements);
  for (const child of [...parent.children]) if (!keep.has(/** @type {HTMLElement} */ (child))) child.remove();
  elements.forEach((element, at) => {
    if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
  });
}
