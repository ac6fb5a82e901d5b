// Brings what the program decodes into the document, while it is edited.

import { call } from "./api.js";
import { listen } from "./connection.js";
import { know } from "./jobs.js";
import { attempt } from "./notices.js";

/** Seconds by which times may differ and still be the same. */
const SAME = 0.01;

/**
 * @typedef {{load: () => Promise<void>, revision: () => number,
 *   start: (state: string, saving: {began: (revision: number) => Promise<void>, dirty: () => boolean}) => void}} Feed
 */

/**
 * @param {string} id
 * @param {import("./document.js").TranscriptDocument} text
 * @param {AbortSignal} signal
 * @returns {Feed}
 */
export function transcriptFeed(id, text, signal) {
  /** Until where segments came from the program. */
  let until = 0;
  let revision = 0;
  let ready = false;
  /** @type {(revision: number) => Promise<void>} */
  let began = async () => {};
  let dirty = () => false;

  /** @param {any[]} segments */
  function arrive(segments) {
    const fresh = segments.filter((one) => one.start >= until - SAME);
    until = Math.max(until, ...fresh.map((one) => one.end));
    if (fresh.length) text.arrive(fresh);
  }

  /** Get everything, in the place of what is there. */
  async function load() {
    const [job, found] = await Promise.all([call("GET", `jobs/${id}`, undefined, { signal }), call("GET", `jobs/${id}/transcript`, undefined, { signal })]);
    know(job);
    until = Math.max(0, ...found.segments.map((/** @type {any} */ one) => one.end));
    revision = found.revision;
    text.load(found.segments);
    ready = true;
    await began(revision);
  }

  /** Get what is missing; what was edited stays. */
  async function complete() {
    if (!ready) return;
    const found = await call("GET", `jobs/${id}/transcript`, undefined, { signal });
    const other = found.revision !== revision && text.version === 0;
    if (other || (!dirty() && found.segments.length < text.segments.length && found.revision === 0)) await load();
    else arrive(found.segments);
  }

  listen("segments", ({ job, segments }) => job === id && ready && arrive(segments), signal);
  listen("reload", () => attempt(complete), signal);
  let before = "";
  listen("job", (job) => {
    if (job.id !== id) return;
    // What was decoded last may have come before the stream was open. Decoded anew, nothing stays.
    if (job.state === "done" && before !== "done") attempt(complete);
    if (job.state === "waiting" && job.position === 0 && ["done", "failed", "cancelled"].includes(before)) attempt(load);
    before = job.state;
  }, signal);

  return {
    load,
    revision: () => revision,
    start(state, saving) {
      before = state;
      ({ began, dirty } = saving);
    },
  };
}
