// Questions in front of the page. The browser's own <dialog> keeps the focus inside and gives it back.

import { button, h, iconButton, unique } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Show a dialog, and wait for its end.
 * @param {string} title
 * @param {any[]} content
 * @param {{accept?: string, danger?: boolean, wide?: boolean, check?: () => string | null, others?: Array<[string, string]>}} [more]
 *   the text of the button that accepts, further buttons as value and text, and what is still wrong
 * @returns {Promise<string>} "ok", the value of another button, or "" if it was left
 */
export function dialog(title, content, { accept, danger, wide, check, others = [] } = {}) {
  const id = unique("title");
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const form = h("form", { method: "dialog" },
    h("header", {}, h("h2", { id }, title), iconButton("close", t("close"), () => box.close(""))),
    h("div", { class: "content" }, content, wrong),
    accept && h("footer", {},
      button(t("cancel"), () => box.close("")),
      others.map(([value, text]) => button(text, () => box.close(value))),
      h("button", { class: danger ? "danger" : "primary" }, accept)));
  const box = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id }, form);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const problem = check?.();
    wrong.hidden = !problem;
    wrong.textContent = problem ?? "";
    if (!problem) box.close("ok");
  });
  // A click beside it leaves it, as people expect.
  box.addEventListener("mousedown", (/** @type {Event} */ event) => event.target === box && box.close(""));
  document.body.append(box);
  // The first field, or what accepts; not the cross, which comes first.
  form.querySelector(".content input, .content select, .content textarea, footer button[class]")?.setAttribute("autofocus", "");
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue);
    });
  });
}

/**
 * Ask before something that cannot be undone.
 * @param {string} title
 * @param {string} text
 * @param {string} accept
 */
export async function confirmed(title, text, accept) {
  return (await dialog(title, [h("p", {}, text)], { accept, danger: true })) === "ok";
}
