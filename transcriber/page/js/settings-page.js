// The page "Settings": what holds for every run, how the page looks, and what the doctor found.

import { call, forget } from "./api.js";
import { button, field, h, icon, select } from "./dom.js";
import { LANGUAGES, loadTexts, pageLanguage, t } from "./i18n.js";
import { attempt, notice } from "./notices.js";
import { optionField, optionGroups } from "./option-fields.js";
import { preference, prefer, showTheme } from "./preferences.js";
import { refresh } from "./router.js";
import { drawShell } from "./shell.js";
import { showShortcuts } from "./shortcuts.js";

const THEMES = ["system", "light", "dark"];
const SYMBOLS = /** @type {Record<string, string>} */ ({ ok: "check", note: "info", problem: "warning" });

/**
 * @param {HTMLElement} root
 * @param {string} _
 * @param {AbortSignal} signal
 */
export function settingsPage(root, _, signal) {
  const defaults = h("section", { class: "card" }, h("h2", {}, t("settings.defaults")), h("p", { class: "muted" }, t("settings.defaults.text")));
  const doctor = h("section", { class: "card doctor" });
  const version = h("p", { class: "muted" });
  root.append(
    h("header", { class: "page-head" }, h("h1", {}, t("nav.settings"))),
    h("div", { class: "columns" }, h("div", {}, look(), defaults), h("div", {}, doctor,
      h("section", { class: "card" }, h("h2", {}, t("settings.about")), version, h("p", { class: "muted" }, t("settings.about.text")), button(t("shortcuts.title"), showShortcuts, { symbol: "keyboard" })))));
  fill(defaults, () => drawDefaults(defaults, signal), signal);
  fill(doctor, () => drawDoctor(doctor, signal), signal);
  fill(version, async () => {
    const state = await call("GET", "state", undefined, { signal });
    version.textContent = t("settings.version", { version: state.version });
  }, signal);
}

/**
 * Fill a part of the page; if that fails, say so there, with a way to try again.
 * @param {HTMLElement} place
 * @param {() => Promise<void>} work
 * @param {AbortSignal} signal
 */
function fill(place, work, signal) {
  work().catch((error) => {
    if (signal.aborted) return;
    const wrong = h("p", { class: "wrong" }, error.message, " ", button(t("job.retry"), () => {
      wrong.remove();
      fill(place, work, signal);
    }));
    place.append(wrong);
  });
}

function look() {
  const theme = select(THEMES.map((name) => [name, t(`theme.${name}`)]), preference("theme", "system"), (name) => {
    prefer("theme", name);
    showTheme();
  });
  const language = select(Object.entries(LANGUAGES), pageLanguage(), async (name) => {
    prefer("language", name);
    await loadTexts();
    drawShell();
    refresh();
    /** @type {HTMLElement | null} */ (document.querySelector("#main select[data-role=language]"))?.focus();
  }, { "data-role": "language" });
  return h("section", { class: "card" }, h("h2", {}, t("settings.look")), h("div", { class: "fields two" }, field(t("settings.theme"), theme), field(t("settings.language"), language)));
}

/** @param {HTMLElement} card @param {AbortSignal} signal */
async function drawDefaults(card, signal) {
  const [{ groups }, { options }, { languages }, { models, default: standard }] = await Promise.all(["options", "defaults", "state", "models"].map((path) => call("GET", path, undefined, { signal })));
  /** @type {Record<string, any>} */
  const chosen = { ...options };
  const save = button(t("settings.save"), () => attempt(async () => {
    await call("PUT", "defaults", { options: chosen });
    forget();
    save.disabled = true;
    notice(t("settings.saved"));
  }), { class: "primary", disabled: true });
  const make = (/** @type {import("./option-fields.js").Option} */ option) => optionField(option, chosen[option.name], (value) => {
    if (value === undefined) delete chosen[option.name];
    else chosen[option.name] = value;
    save.disabled = false;
  }, { languages, models, fallback: option.name === "model" ? standard : option.default });
  const common = groups.flatMap((/** @type {any} */ group) => group.options).filter((/** @type {any} */ option) => option.common);
  card.append(h("div", { class: "fields" }, common.map(make)),
    h("details", { class: "more" }, h("summary", {}, t("options.more")), optionGroups(groups, make, (option) => !option.common)),
    h("p", { class: "row" }, save));
}

/** @param {HTMLElement} card @param {AbortSignal} signal */
async function drawDoctor(card, signal) {
  card.replaceChildren(h("header", {}, h("h2", {}, t("doctor.title")), button(t("doctor.again"), () => fill(card, () => drawDoctor(card, signal), signal), { symbol: "redo", class: "quiet" })),
    h("p", { class: "muted" }, t("loading")));
  const { sections } = await call("GET", "doctor", undefined, { signal });
  card.lastChild?.remove();
  const all = sections.flatMap((/** @type {any} */ section) => section.findings);
  const bad = all.filter((/** @type {any} */ one) => one.level === "problem");
  const notes = all.filter((/** @type {any} */ one) => one.level !== "problem" && (one.level !== "ok" || one.remedy));
  card.append(h("p", { class: bad.length ? "verdict wrong" : "verdict" }, bad.length ? t("doctor.problems", { n: bad.length }) : t("doctor.fine")),
    findings([...bad, ...notes]),
    h("details", {}, h("summary", {}, t("doctor.all", { n: all.length })),
      sections.map((/** @type {any} */ section) => [h("h3", {}, section.title), findings(section.findings)])));
}

/** @param {Array<{name?: string, level: string, text: string, remedy?: string}>} all */
function findings(all) {
  return h("ul", { class: "findings", hidden: !all.length }, all.map((one) => h("li", { class: `level-${one.level}` }, icon(SYMBOLS[one.level] ?? "info"),
    h("div", {}, h("span", { class: "unseen" }, t(`doctor.${one.level}`)), h("p", {}, [one.name, one.text].filter(Boolean).join(": ")), one.remedy && h("p", { class: "muted" }, one.remedy)))));
}
