// Sends recordings to the program: two at once, each with its progress; any can be stopped or tried again.

import { errorOf } from "./api.js";
import { job as known, know } from "./jobs.js";

/** More at once would not be faster on one machine, and the first would be there later. */
const AT_ONCE = 2;

/**
 * @typedef {{id: number, file: File, options: Record<string, any>, state: "waiting" | "sending" | "failed",
 *   sent: number, error: string, stop?: () => void}} Upload
 */

/** @type {Upload[]} */
let uploads = [];
let count = 0;
const target = new EventTarget();

export const allUploads = () => uploads;

/**
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export const onUploads = (listener, signal) => target.addEventListener("change", listener, { signal });

const changed = () => target.dispatchEvent(new Event("change"));

/**
 * Send these.
 * @param {File[]} files
 * @param {Record<string, any>} options
 */
export function upload(files, options) {
  for (const file of files) uploads.push({ id: ++count, file, options, state: "waiting", sent: 0, error: "" });
  next();
}

/** Stop one, and forget it. */
export function dismiss(/** @type {Upload} */ one) {
  one.stop?.();
  uploads = uploads.filter((other) => other !== one);
  next();
}

/** Send one again that failed. */
export function retry(/** @type {Upload} */ one) {
  Object.assign(one, { state: "waiting", sent: 0, error: "" });
  next();
}

function next() {
  const sending = uploads.filter((one) => one.state === "sending").length;
  for (const one of uploads.filter((waiting) => waiting.state === "waiting").slice(0, AT_ONCE - sending)) send(one);
  changed();
}

/** @param {Upload} one */
function send(one) {
  const form = new FormData();
  // The options first: the program knows what to do before the recording has come.
  form.append("options", JSON.stringify(one.options));
  form.append("file", one.file, one.file.name);
  // fetch tells no progress of what it sends.
  const request = new XMLHttpRequest();
  one.state = "sending";
  one.stop = () => request.abort();
  request.upload.onprogress = (event) => {
    one.sent = event.total ? event.loaded / event.total : 0;
    changed();
  };
  request.onload = () => {
    if (request.status >= 300) return fail(one, errorOf(request.status, request.responseText));
    uploads = uploads.filter((other) => other !== one);
    // The events may know more by now.
    for (const job of JSON.parse(request.responseText).jobs) if (!known(job.id)) know(job);
    next();
  };
  request.onerror = () => fail(one, errorOf(0, ""));
  request.open("POST", "api/jobs");
  request.send(form);
}

/**
 * @param {Upload} one
 * @param {Error} error
 */
function fail(one, error) {
  Object.assign(one, { state: "failed", error: error.message });
  next();
}

addEventListener("beforeunload", (event) => {
  if (uploads.some((one) => one.state !== "failed")) event.preventDefault();
});
