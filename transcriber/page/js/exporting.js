// Transcripts as files, and into the clipboard.

import { ask, once } from "./api.js";
import { dialog } from "./dialogs.js";
import { h } from "./dom.js";
import { known, t } from "./i18n.js";
import { attempt, notice } from "./notices.js";
import { preference } from "./preferences.js";

/** Formats that the rules for subtitles cut. */
const CUT = new Set(["srt", "vtt", "ass"]);

/**
 * Get a transcript in a format.
 * @param {string} id
 * @param {string} format
 * @param {string} [rules] of subtitles
 * @param {AbortSignal} [signal]
 */
export function exported(id, format, rules = "", signal = undefined) {
  return ask("GET", `jobs/${id}/export?format=${format}&subtitles=${rules}`, undefined, { signal });
}

/**
 * Save a transcript as a file of the browser's; several of them in an archive.
 * @param {string[]} ids
 * @param {string} format
 */
async function save(ids, format) {
  if (!ids.length) return;
  const rules = CUT.has(format) ? preference("subtitles", "") : "";
  const [id] = ids;
  const answer = ids.length > 1
    ? await ask("GET", `export?jobs=${ids}&format=${format}&subtitles=${rules}`)
    : await exported(id, format, rules);
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  const plain = /filename="([^"]*)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  saveFile(await answer.blob(), name ? decodeURIComponent(name) : (plain ?? `${id}.${format}`));
}

/** Have the browser save a file. */
export function saveFile(/** @type {Blob} */ content, /** @type {string} */ name) {
  const address = URL.createObjectURL(content);
  h("a", { href: address, download: name }).click();
  // Some browsers read it a little later.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Put a transcript into the clipboard, as text.
 * @param {string[]} ids
 */
async function copy(ids) {
  const texts = [];
  for (const id of ids) texts.push(await (await exported(id, "txt")).text());
  await copyText(texts.join("\n"));
}

/** Put a text into the clipboard. */
export async function copyText(/** @type {string} */ text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(t("export.copied"));
  } catch {
    // No clipboard without a safe address: the reader copies it.
    dialog(t("export.copy.self"), [h("textarea", { rows: 12, readonly: "", class: "copy", value: text, "aria-label": t("export.copy.self") })]);
  }
}

/**
 * The items of the export menu.
 * @param {() => string[]} ids of the recordings
 * @param {() => Promise<any>} [before] what must be done first, as saving
 */
export async function exportItems(ids, before = async () => {}) {
  const run = (/** @type {() => Promise<void>} */ work) => () => attempt(async () => {
    await before();
    await work();
  });
  const state = await attempt(() => once("state"));
  const formats = Object.entries(/** @type {Record<string, {help: string}>} */ (state?.formats ?? {}));
  return [
    { text: t("export.copy"), symbol: "copy", run: run(() => copy(ids())) },
    ...formats.map(([format, { help }]) => ({
      text: format.toUpperCase(),
      detail: known(`format.${format}`) ? t(`format.${format}`) : help,
      run: run(() => save(ids(), format)),
    })),
  ];
}
