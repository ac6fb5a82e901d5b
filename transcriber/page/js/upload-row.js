// One recording on its way to the program.

import { button, h, iconButton } from "./dom.js";
import { bytes, percent } from "./format.js";
import { t } from "./i18n.js";
import { dismiss, retry } from "./uploads.js";

/**
 * Make the row of an upload.
 * @param {import("./uploads.js").Upload} upload
 */
export function uploadRow(upload) {
  const { name, size } = upload.file;
  const bar = h("progress", { max: 1, "aria-label": t("upload.progress", { name }) });
  const left = h("span", { class: "left" });
  const work = h("div", { class: "work" }, bar, left);
  const wrong = h("p", { class: "wrong" });
  const again = button(t("job.retry"), () => retry(upload), { symbol: "redo", "aria-label": t("job.retry.name", { name }) });
  const element = h("li", { class: "job" }, h("div", { class: "job-main" },
    h("div", { class: "job-head" }, h("span", { class: "job-name", dir: "auto" }, name), h("span", { class: "badge" }, t("upload.badge"))),
    h("span", { class: "facts" }, bytes(size)), work, wrong),
  h("div", { class: "job-actions" }, again, iconButton("close", t("upload.cancel", { name }), () => dismiss(upload))));
  const update = () => {
    const failed = upload.state === "failed";
    work.hidden = failed;
    again.hidden = wrong.hidden = !failed;
    wrong.textContent = upload.error;
    bar.value = upload.sent;
    left.textContent = upload.state === "waiting" ? t("upload.waiting") : percent(upload.sent);
  };
  return { element, update };
}
