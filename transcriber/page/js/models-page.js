// The page "Models": what there is, what is stored, and where.

import { call, forget } from "./api.js";
import { listen } from "./connection.js";
import { confirmed } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { bytes, percent } from "./format.js";
import { t } from "./i18n.js";
import { attempt, notice } from "./notices.js";

/**
 * @typedef {{name: string, bytes: number, languages: string, stored: boolean, fetching: boolean, parameters?: string,
 *   memory_bytes?: number, official: boolean}} Model
 */

/**
 * @param {HTMLElement} root
 * @param {string} _
 * @param {AbortSignal} signal
 */
export function modelsPage(root, _, signal) {
  /** @type {Map<string, {done: number, total: number}>} */
  const progress = new Map();
  /** @type {Map<string, {bar: any, text: HTMLElement}>} */
  const bars = new Map();
  const body = h("tbody", {});
  const where = h("p", { class: "muted" });
  const state = h("p", { class: "empty" }, t("loading"));
  const table = h("table", { class: "models", hidden: true },
    h("caption", { class: "unseen" }, t("nav.models")),
    h("thead", {}, h("tr", {}, ["name", "size", "languages", "memory", "state"].map((name) => h("th", { scope: "col", class: name }, t(`models.${name}`))), h("th", { scope: "col" }, h("span", { class: "unseen" }, t("models.actions"))))),
    body);
  root.append(
    h("header", { class: "page-head" }, h("div", {}, h("h1", {}, t("nav.models")), h("p", { class: "muted" }, t("models.text"))),
      button(t("models.import"), () => pick(), { symbol: "upload" })),
    h("div", { class: "card" }, table, state), where);

  async function load() {
    try {
      const known = await call("GET", "models", undefined, { signal });
      // Lists of models elsewhere are out of date now.
      forget();
      draw(known);
    } catch (error) {
      if (!signal.aborted) state.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @param {{folder: string, default: string, models: Model[]}} known */
  function draw({ folder, default: standard, models }) {
    const total = models.filter((model) => model.stored).reduce((sum, model) => sum + model.bytes, 0);
    where.textContent = t("models.where", { folder, size: bytes(total) });
    table.hidden = false;
    table.classList.toggle("no-memory", !models.some((model) => model.memory_bytes));
    state.hidden = true;
    bars.clear();
    // The button that was pressed is gone: its successor gets the focus.
    const focus = /** @type {HTMLElement} */ (document.activeElement)?.closest("tr")?.dataset.name;
    body.replaceChildren(...models.map((model) => row(model, standard)));
    if (focus) /** @type {HTMLElement | null} */ (body.querySelector(`tr[data-name="${CSS.escape(focus)}"] button`))?.focus();
  }

  /** @param {Model} model @param {string} standard */
  function row(model, standard) {
    const { name } = model;
    const isDefault = name === standard;
    const cell = (/** @type {string} */ label, /** @type {any} */ ...content) => h("td", { class: label, "data-label": t(`models.${label}`) }, content);
    return h("tr", { "data-name": name, class: model.stored ? "stored" : "" },
      h("th", { scope: "row" }, h("strong", {}, name), isDefault && h("span", { class: "badge accent" }, t("models.default")), model.parameters && h("small", {}, t("models.parameters", { count: model.parameters }))),
      cell("size", bytes(model.bytes)),
      cell("languages", t(model.languages === "en" ? "models.english" : "models.all")),
      cell("memory", model.memory_bytes ? bytes(model.memory_bytes) : "–"),
      cell("state", stateOf(model)),
      h("td", { class: "actions" }, actions(model, isDefault)));
  }

  /** @param {Model} model */
  function stateOf({ name, stored, fetching }) {
    if (!fetching) return h("span", { class: stored ? "badge state-done" : "muted" }, t(stored ? "models.stored" : "models.absent"));
    const bar = h("progress", { max: 1, "aria-label": t("models.progress", { name }) });
    const text = h("span", { class: "left" });
    bars.set(name, { bar, text });
    tick(name);
    return h("div", { class: "work" }, bar, text);
  }

  /** @param {string} name */
  function tick(name) {
    const shown = bars.get(name);
    const { done, total } = progress.get(name) ?? { done: 0, total: 0 };
    if (!shown || !total) return;
    shown.bar.value = done / total;
    shown.text.textContent = percent(done / total);
  }

  /** @param {Model} model @param {boolean} isDefault */
  function actions(model, isDefault) {
    const { name } = model;
    const act = (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body = undefined) => () => attempt(async () => {
      await call(method, path, body);
      await load();
    });
    const own = encodeURIComponent(name);
    if (model.fetching) return [button(t("cancel"), act("DELETE", `models/${own}`), { "aria-label": t("models.stop", { name }) })];
    return [
      !model.stored && button(t("models.fetch"), act("POST", `models/${own}/fetch`), { symbol: "download", "aria-label": t("models.fetch.name", { name }) }),
      model.stored && !isDefault && button(t("models.choose"), act("POST", "models/default", { name }), { class: "quiet", "aria-label": t("models.choose.name", { name }) }),
      model.stored && iconButton("trash", t("models.remove", { name }), async () => {
        if (await confirmed(t("models.remove", { name }), t(model.official ? "models.remove.text" : "models.remove.own", { size: bytes(model.bytes) }), t("remove"))) await act("DELETE", `models/${own}`)();
      }),
    ];
  }

  function pick() {
    const input = h("input", { type: "file", accept: ".pt" });
    input.onchange = () => attempt(async () => {
      const file = input.files[0];
      notice(t("models.importing", { name: file.name }));
      await call("POST", `models/import?name=${encodeURIComponent(file.name.replace(/\.pt$/, ""))}`, file);
      notice(t("models.imported", { name: file.name }));
      await load();
    });
    input.click();
  }

  listen("model", ({ name, done, total, state: what, error }) => {
    progress.set(name, { done, total });
    if (what === "failed") notice(error ?? t("models.failed", { name }), { problem: true });
    if (what === "fetching" && bars.has(name)) tick(name);
    else load();
  }, signal);
  listen("reload", load, signal);
  load();
}
