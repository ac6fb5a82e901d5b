// The page "Files": bring recordings, choose how, and watch them become text.

import { h } from "./dom.js";
import { dropZone, takeDrops } from "./dropping.js";
import { t } from "./i18n.js";
import { jobList } from "./job-list.js";
import { jobOptions, optionsPanel } from "./job-options.js";
import { allJobs, onJobs } from "./jobs.js";
import { attempt } from "./notices.js";
import { upload } from "./uploads.js";

/**
 * @param {HTMLElement} root
 * @param {string} _
 * @param {AbortSignal} signal
 */
export function filesPage(root, _, signal) {
  const take = (/** @type {File[]} */ files) => attempt(async () => upload(files, await jobOptions()));
  const tell = () => root.classList.toggle("busy", allJobs().length > 0);
  takeDrops(take, signal);
  onJobs(tell, signal);
  tell();
  root.append(
    h("h1", { class: "unseen" }, t("nav.files")),
    h("div", { class: "start" }, dropZone(take), optionsPanel(signal)),
    jobList(signal));
}
