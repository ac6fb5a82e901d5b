// How the next recordings are transcribed: a preset, the common options, and all others behind "More".

import { once } from "./api.js";
import { button, h, unique } from "./dom.js";
import { bytes } from "./format.js";
import { t } from "./i18n.js";
import { optionField, optionGroups } from "./option-fields.js";
import { preference, prefer } from "./preferences.js";
import { PRESETS, presetOptions } from "./presets.js";
import { addWords, collectedWords } from "./vocabulary.js";

/** @type {{preset: string, own: Record<string, any>}} */
const chosen = { preset: "balanced", own: {}, ...preference("run") };

/** Everything that the fields need; asked once. */
export async function knowledge() {
  const [{ groups }, { options: defaults }, { models, default: standard }, { languages }] = await Promise.all(
    ["options", "defaults", "models", "state"].map(once));
  return { groups, defaults: defaults ?? {}, models, standard, languages };
}

/** @param {{groups: import("./option-fields.js").Group[], models: any[], standard: string}} known */
function effective({ groups, models, standard }) {
  const names = new Set(groups.flatMap((group) => group.options.map((option) => option.name)));
  const all = { ...presetOptions(chosen.preset, models, standard), ...chosen.own };
  // A preset may name what this program does not have.
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
}

/** The options to send with a recording. */
export async function jobOptions() {
  return effective(await knowledge());
}

/**
 * The panel; it fills itself once the program has answered.
 * @param {AbortSignal} signal
 */
export function optionsPanel(signal) {
  const panel = h("section", { class: "card options", "aria-label": t("options.title") });
  knowledge().then((known) => !signal.aborted && draw(panel, known), () => panel.remove());
  return panel;
}

/**
 * @param {HTMLElement} panel
 * @param {Awaited<ReturnType<typeof knowledge>>} known
 */
function draw(panel, known) {
  const set = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (value === undefined) delete chosen.own[name];
    else chosen.own[name] = value;
    keep();
    tell();
  };
  const fieldOf = (/** @type {import("./option-fields.js").Option} */ option) => optionField(option, chosen.own[option.name], (value) => set(option.name, value), {
    languages: known.languages,
    models: known.models,
    fallback: presetOptions(chosen.preset, known.models, known.standard)[option.name] ?? known.defaults[option.name] ?? (option.name === "model" ? known.standard : option.default),
  });
  const summary = h("p", { class: "muted needs" });
  const tell = () => {
    const model = known.models.find((/** @type {any} */ one) => one.name === (effective(known).model ?? known.standard));
    summary.textContent = model && !model.stored ? t("options.fetches", { model: model.name, size: bytes(model.bytes) }) : "";
    changed.textContent = Object.keys(chosen.own).length ? t("options.changed", { n: Object.keys(chosen.own).length }) : "";
  };
  const changed = h("span", { class: "badge" });
  const common = known.groups.flatMap((/** @type {any} */ group) => group.options).filter((/** @type {any} */ option) => option.common);
  const fields = h("div", {});
  const drawFields = () => {
    fields.replaceChildren(
      h("div", { class: "fields" }, common.map(fieldOf)),
      suggestions(() => {
        set("hotwords", addWords(chosen.own.hotwords ?? known.defaults.hotwords));
        drawFields();
      }),
      h("details", { class: "more" }, h("summary", {}, t("options.more")), optionGroups(known.groups, fieldOf, (option) => !option.common)),
      button(t("options.reset"), () => {
        chosen.own = {};
        keep();
        drawFields();
        tell();
      }, { class: "quiet", symbol: "undo" }));
  };
  panel.replaceChildren(
    presets(() => {
      drawFields();
      tell();
    }),
    summary,
    h("details", { class: "own", open: preference("optionsOpen", false), ontoggle: (/** @type {any} */ event) => prefer("optionsOpen", event.target.open) },
      h("summary", {}, t("options.own"), changed), fields));
  drawFields();
  tell();
}

const keep = () => prefer("run", chosen);

/** @param {() => void} changed */
function presets(changed) {
  const group = unique("preset");
  return h("fieldset", { class: "presets" }, h("legend", {}, t("preset.title")),
    PRESETS.map((name) => h("label", { class: "preset" },
      h("input", { type: "radio", name: group, value: name, checked: chosen.preset === name, onchange: () => {
        chosen.preset = name;
        keep();
        changed();
      } }),
      h("span", {}, h("strong", {}, t(`preset.${name}`)), h("small", {}, t(`preset.${name}.help`))))));
}

/** @param {() => void} add */
function suggestions(add) {
  const words = collectedWords();
  return h("p", { class: "suggestion", hidden: !words.length },
    h("span", {}, t("vocabulary.suggestion", { words: words.slice(0, 8).join(", ") })), button(t("vocabulary.add"), add, { symbol: "plus" }));
}
