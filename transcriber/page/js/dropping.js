// Recordings that are dropped, pasted or chosen: files, and folders with all that is below them.

import { button, h } from "./dom.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";

/** What counts as a recording in a folder, where the browser knows no type. */
const KINDS = /^(audio|video)\//;
const ENDINGS = /\.(aac|ac3|aif+|amr|ape|au|avi|caf|dts|dv|flac|flv|gsm|m2ts|m4[abv]|mk[av]|mov|mp[234]|mpe?g|mpc|mts|mxf|oga|ogg|ogv|opus|ra|rm|spx|3g[p2]|tta|ts|voc|vob|wav|webm|wm[av]|wv)$/i;

/** @param {File} file */
const isRecording = (file) => KINDS.test(file.type) || ENDINGS.test(file.name);

/**
 * All files of a dropped folder.
 * @param {any} entry a FileSystemEntry
 * @returns {Promise<File[]>}
 */
async function walk(entry) {
  if (entry.isFile) return [await new Promise((found, failed) => entry.file(found, failed))];
  const reader = entry.createReader();
  /** @type {File[]} */
  const files = [];
  // A reader gives a hundred at a time, and nothing at the end.
  for (;;) {
    const entries = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!entries.length) break;
    for (const one of entries) files.push(...(await walk(one)));
  }
  return files.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/**
 * The recordings of a drop or a paste. Files that were named themselves are all taken: the program
 * decides by content.
 * @param {DataTransfer} data
 * @returns {Promise<{files: File[], passed: number}>}
 */
async function recordings(data) {
  // The list is empty after the first wait.
  const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  let passed = 0;
  for (const entry of entries) {
    if (!entry) continue;
    if (entry instanceof File) files.push(entry);
    else {
      const found = await walk(entry);
      const wanted = entry.isDirectory ? found.filter(isRecording) : found;
      passed += found.length - wanted.length;
      files.push(...wanted);
    }
  }
  return { files, passed };
}

/**
 * Take what is dropped anywhere or pasted.
 * @param {(files: File[]) => void} take
 * @param {AbortSignal} signal
 */
export function takeDrops(take, signal) {
  const veil = h("div", { class: "veil", hidden: true }, h("p", {}, t("drop.here")));
  document.body.append(veil);
  signal.addEventListener("abort", () => veil.remove());
  const receive = async (/** @type {DataTransfer | null} */ data) => {
    if (!data) return;
    try {
      hand(await recordings(data), take);
    } catch {
      notice(t("drop.unreadable"), { problem: true });
    }
  };
  const has = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ listener) => addEventListener(name, listener, { signal });
  on("dragover", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  // Leaving an element is not leaving the window.
  on("dragleave", (event) => !event.relatedTarget && (veil.hidden = true));
  on("drop", (event) => {
    veil.hidden = true;
    if (!has(event)) return;
    event.preventDefault();
    receive(event.dataTransfer);
  });
  on("paste", (event) => event.clipboardData?.files.length && receive(event.clipboardData));
}

/**
 * @param {{files: File[], passed: number}} found
 * @param {(files: File[]) => void} take
 */
function hand({ files, passed }, take) {
  if (files.length) take(files);
  else notice(t("drop.nothing"), { problem: true });
  if (passed && files.length) notice(t("drop.passed", { n: passed }));
}

/**
 * The place that asks for recordings, with buttons for who does not drag.
 * @param {(files: File[]) => void} take
 */
export function dropZone(take) {
  const pick = (/** @type {Record<string, any>} */ props) => {
    const input = h("input", { type: "file", multiple: true, ...props });
    input.onchange = () => {
      const all = /** @type {File[]} */ ([...input.files]);
      const files = props.webkitdirectory ? all.filter(isRecording) : all;
      if (all.length) hand({ files, passed: all.length - files.length }, take);
    };
    input.click();
  };
  return h("section", { class: "drop", "aria-label": t("drop.label") },
    h("p", { class: "drop-title" }, t("drop.title")),
    h("p", { class: "muted" }, t("drop.help")),
    h("div", { class: "row" },
      button(t("drop.files"), () => pick({}), { class: "primary", symbol: "plus" }),
      button(t("drop.folder"), () => pick({ webkitdirectory: true }), { symbol: "folder" })));
}
