// The head of a transcript: what it is, whether it is saved, and what can be done with it as a whole.

import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { exportItems } from "./exporting.js";
import { clock, percent, span } from "./format.js";
import { languageName, t } from "./i18n.js";
import { download, job as jobOf, onJobs, trouble } from "./jobs.js";
import { ACTIVE, act, again, remove } from "./job-row.js";
import { withMenu } from "./menu.js";
import { attempt } from "./notices.js";

/**
 * @param {string} id
 * @param {{element: HTMLElement, flush: () => Promise<void>}} saving
 * @param {() => Promise<void>} reload
 * @param {AbortSignal} signal
 */
export function transcriptHead(id, saving, reload, signal) {
  const title = h("h1", { dir: "auto" });
  const facts = h("p", { class: "muted" });
  const bar = h("progress", { max: 1 });
  const left = h("span", { class: "left" });
  const run = h("div", { class: "work" }, bar, left);
  const wrong = h("div", { class: "job-notes" });
  const save = withMenu(button(t("export"), () => {}, { symbol: "download", class: "primary" }), () => exportItems(() => [id], () => saving.flush()));
  const more = withMenu(iconButton("dots", t("transcript.more"), () => {}), () => {
    const job = jobOf(id);
    if (!job) return [];
    return [
      ACTIVE.has(job.state) ? { text: t("job.cancel"), symbol: "stop", run: () => act(id, "cancel") } : { text: t("again"), symbol: "redo", run: () => again(job) },
      job.state === "running" ? { text: t("job.pause.short"), symbol: "pause", run: () => act(id, "pause") } : null,
      job.state === "paused" ? { text: t("job.resume.short"), symbol: "play", run: () => act(id, "resume") } : null,
      job.edited ? { text: t("revert"), symbol: "undo", run: revert } : null,
      { text: t("remove"), symbol: "trash", danger: true, run: async () => {
        await remove([job]);
        if (!jobOf(id)) location.hash = "#/files";
      } },
    ];
  });

  const revert = async () => {
    if (!(await confirmed(t("revert.title"), t("revert.text"), t("revert")))) return;
    await saving.flush();
    await attempt(async () => {
      await call("DELETE", `jobs/${id}/transcript`);
      await reload();
    });
  };

  const element = h("header", { class: "transcript-head" },
    h("div", { class: "titles" }, h("a", { href: "#/files", class: "back" }, t("transcript.back")), title, facts, run, wrong),
    h("div", { class: "row" }, saving.element, save, more));

  function draw() {
    const job = jobOf(id);
    if (!job) return;
    title.textContent = job.name;
    document.title = `${job.name} – ${t("program")}`;
    const active = ACTIVE.has(job.state);
    const known = [job.duration !== null && clock(job.duration), job.language && languageName(job.language), job.options.model, job.state !== "done" && t(`state.${job.state}`)];
    facts.textContent = known.filter(Boolean).join(" · ");
    run.hidden = !active;
    const fetching = download(id);
    const part = fetching ? fetching.done / (fetching.total || 1) : job.duration ? Math.min(1, job.position / job.duration) : 0;
    bar.value = part;
    bar.setAttribute("aria-label", t("job.progress", { name: job.name }));
    left.textContent = fetching ? t("job.fetching", { model: fetching.name, part: percent(part) })
      : job.state === "waiting" && job.place !== null ? t("job.place", { place: job.place + 1 })
        : job.time_left !== null && job.state === "running" ? t("job.left", { part: percent(part), left: span(job.time_left) }) : percent(part);
    wrong.replaceChildren(
      ...(job.error ? [h("p", { class: "wrong" }, trouble(job.error))] : []),
      ...job.notes.map((note) => h("p", { class: "muted" }, note)));
  }
  onJobs((changed) => (changed === id || changed === null) && draw(), signal);
  draw();
  return element;
}
