// Fields for the options that the program describes.

import { field, h, select } from "./dom.js";
import { bytes } from "./format.js";
import { known, languageName, t } from "./i18n.js";

/**
 * @typedef {{name: string, help: string, kind: string, choices: any[] | null, default: any,
 *   minimum: number | null, maximum: number | null, step: number | null, common: boolean}} Option
 * @typedef {{title: string, options: Option[]}} Group
 */

/** Options of long text. */
const LONG = new Set(["hotwords", "initial_prompt"]);

/** How an option is called: in the reader's language where it is common, else as on the command line. */
export const optionLabel = (/** @type {string} */ name) => (known(`option.${name}`) ? t(`option.${name}`) : name.replaceAll("_", " "));

/**
 * The field of one option. An empty field means the program's own default.
 * @param {Option} option
 * @param {any} value undefined if nothing is chosen
 * @param {(value: any) => void} changed
 * @param {{languages?: Record<string, string>, models?: any[], fallback?: any}} [context]
 *   the languages and the models there are; what holds if nothing is chosen
 */
export function optionField(option, value, changed, { languages, models, fallback = option.default } = {}) {
  const help = known(`option.${option.name}.help`) ? t(`option.${option.name}.help`) : option.help;
  const asked = option.name === "model" && models ? { ...option, kind: "choice", choices: withOwn(models, value) } : option;
  const names = (/** @type {string} */ name) => (asked === option ? (known(`choice.${name}`) ? t(`choice.${name}`) : name) : modelName(name, models ?? []));
  return field(optionLabel(option.name), control(asked, value, changed, fallback, names, languages), help);
}

/** Names of the models, and the one that is chosen: it may be a file of the user's. @param {any[]} models @param {any} value */
function withOwn(models, value) {
  const names = models.map((model) => model.name);
  return value && !names.includes(value) ? [...names, value] : names;
}

/**
 * @param {string} name
 * @param {Array<{name: string, bytes: number, stored: boolean}>} models
 */
function modelName(name, models) {
  const model = models.find((one) => one.name === name);
  return model && !model.stored ? t("options.model.absent", { model: name, size: bytes(model.bytes) }) : name;
}

/**
 * @param {Option} option
 * @param {any} value
 * @param {(value: any) => void} changed
 * @param {any} fallback
 * @param {(value: string) => string} names how choices are called
 * @param {Record<string, string>} [languages]
 */
function control(option, value, changed, fallback, names, languages) {
  const shown = value ?? "";
  const usual = fallback === null || fallback === undefined || fallback === "" ? t("option.automatic") : t("option.usual", { value: told(fallback, names) });
  if (option.name === "language" && languages) {
    const list = Object.entries(languages).map(([code, name]) => /** @type {[string, string]} */ ([code, languageName(code, name)]));
    list.sort((a, b) => a[1].localeCompare(b[1]));
    const first = fallback ? t("option.usual", { value: languageName(fallback) }) : t("option.detect");
    return select([["", first], ...list], shown, (chosen) => changed(chosen || undefined));
  }
  if (option.kind === "boolean") {
    const choices = /** @type {Array<[string, string]>} */ ([["", usual], ["true", t("yes")], ["false", t("no")]]);
    return select(choices, String(shown), (chosen) => changed(chosen ? chosen === "true" : undefined));
  }
  if (option.kind === "choice") {
    const choices = (option.choices ?? []).map((one) => /** @type {[string, string]} */ ([String(one), names(String(one))]));
    return select([["", usual], ...choices], String(shown), (chosen) => changed(chosen || undefined));
  }
  if (option.kind === "number") {
    const limits = { min: option.minimum, max: option.maximum };
    const input = h("input", { type: "number", step: option.step ?? "any", placeholder: fallback === null ? "" : String(fallback), ...limits, value: String(shown) });
    // The browser tells what is wrong with it, in the reader's language.
    input.onchange = () => input.reportValidity() && changed(input.value === "" ? undefined : input.valueAsNumber);
    return input;
  }
  const tag = LONG.has(option.name) ? "textarea" : "input";
  const text = h(tag, { placeholder: fallback ? String(fallback) : "", dir: "auto", ...(tag === "textarea" ? { rows: 2 } : { type: "text" }) });
  text.value = String(shown);
  text.onchange = () => changed(text.value.trim() || undefined);
  return text;
}

/**
 * @param {any} value
 * @param {(value: string) => string} names
 */
const told = (value, names) => (typeof value === "boolean" ? t(value ? "yes" : "no") : names(String(value)));

/**
 * All groups of options, each folded away.
 * @param {Group[]} groups
 * @param {(option: Option) => HTMLElement} make
 * @param {(option: Option) => boolean} wanted
 */
export function optionGroups(groups, make, wanted = () => true) {
  return groups
    .map((group) => ({ title: group.title, options: group.options.filter(wanted) }))
    .filter((group) => group.options.length)
    .map((group) => h("details", { class: "group" }, h("summary", {}, group.title), h("div", { class: "fields" }, group.options.map(make))));
}
