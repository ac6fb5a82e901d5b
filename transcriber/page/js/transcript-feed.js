// Brings what the program decodes into the document, while it is edited.

import { call } from "./api.js";
import { listen } from "./connection.js";
import { know } from "./jobs.js";
import { attempt } from "./notices.js";

/** What tells a segment from another. */
const mark = (/** @type {any} */ one) => `${one.start} ${one.end} ${one.text}`;

/**
 * @typedef {{load: () => Promise<void>, revision: () => number, saving: () => number,
 *   start: (state: string, saving: {began: (revision: number) => Promise<void>, dirty: () => boolean, mine: () => number}) => void}} Feed
 */

/**
 * @param {string} id
 * @param {import("./document.js").TranscriptDocument} text
 * @param {AbortSignal} signal
 * @returns {Feed}
 */
export function transcriptFeed(id, text, signal) {
  /** @type {Set<string>} what came from the program */
  let seen = new Set();
  /** How many it had decoded; and when the transcript was saved or loaded last: the rest is behind it. */
  let decoded = 0;
  let saved = 0;
  /** @type {any[]} what came while everything was being asked for */
  let early = [];
  let revision = 0;
  let ready = false;
  /** @type {(revision: number) => Promise<void>} */
  let began = async () => {};
  let dirty = () => false;
  let mine = () => revision;

  /** @param {any[]} segments */
  function arrive(segments) {
    if (!ready) return void early.push(...segments);
    const fresh = segments.filter((one) => !seen.has(mark(one)));
    for (const one of fresh) seen.add(mark(one));
    decoded += fresh.length;
    if (fresh.length) text.arrive(fresh);
  }

  /** Get everything, in the place of what is there. */
  async function load() {
    ready = false;
    const [job, found] = await Promise.all([call("GET", `jobs/${id}`, undefined, { signal }), call("GET", `jobs/${id}/transcript`, undefined, { signal })]);
    know(job);
    revision = found.revision;
    seen = new Set(found.segments.map(mark));
    decoded = saved = found.decoded ?? found.segments.length;
    text.load(found.segments);
    ready = true;
    const late = early;
    early = [];
    const asked = began(revision);
    arrive(late);
    await asked;
  }

  /** Get what is missing; what was edited stays. */
  async function complete() {
    if (!ready) return;
    const found = await call("GET", `jobs/${id}/transcript`, undefined, { signal });
    // Somebody else has saved, or went back. What is not saved here stays; saving it will ask.
    if (found.revision !== mine()) return void (dirty() || (await load()));
    // Decoded anew, it is shorter.
    if (!found.revision && !text.version && found.segments.length < text.segments.length) await load();
    else if (!found.revision) arrive(found.segments);
    else if (found.decoded > saved) {
      const here = new Set(text.segments.map(mark));
      arrive(found.segments.slice(saved - found.decoded).filter((/** @type {any} */ one) => !here.has(mark(one))));
    }
  }

  listen("segments", ({ job, segments }) => job === id && arrive(segments), signal);
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
    saving() {
      saved = decoded;
      return decoded;
    },
    start(state, saving) {
      before = state;
      ({ began, dirty, mine } = saving);
    },
  };
}
