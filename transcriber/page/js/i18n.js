// The texts of the page, in the language of the reader.

import { preference } from "./preferences.js";

/** What the page speaks, with each language's own name. */
export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français" };

/** @type {Record<string, string>} */
let texts = {};
let plural = new Intl.PluralRules("en");
let language = "en";

/** Load the texts: the chosen language, else the browser's, else English. */
export async function loadTexts() {
  const wanted = [preference("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  language = wanted.find((tag) => tag && Object.hasOwn(LANGUAGES, tag)) ?? "en";
  const answer = await fetch(`locales/${language}.json`);
  texts = await answer.json();
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

/** The language that the page speaks. */
export const pageLanguage = () => language;

/**
 * The text of a key. `{name}` in it becomes `values.name`; with `values.n`, the key of the plural
 * form (`key.one`, `key.other`) is taken where there is one.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  let text = texts[key];
  if ("n" in values) text = texts[`${key}.${plural.select(Number(values.n))}`] ?? texts[`${key}.other`] ?? text;
  // A missing text shows its key: ugly, but it says which one.
  return (text ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Whether there is a text of this key. */
export const known = (/** @type {string} */ key) => Object.hasOwn(texts, key);

/** The name of a language in the language of the page, or as the program calls it. */
export function languageName(/** @type {string} */ code, fallback = code) {
  try {
    const name = new Intl.DisplayNames([language], { type: "language", fallback: "none" }).of(code) ?? fallback;
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  } catch {
    return fallback;
  }
}
