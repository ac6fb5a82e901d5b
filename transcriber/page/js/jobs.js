// The recordings that the program knows, as the events tell them.

import { call } from "./api.js";
import { listen } from "./connection.js";

/**
 * @typedef {{id: string, name: string, state: string, place: number|null, priority: number, created: number,
 *   started: number|null, ended: number|null, duration: number|null, position: number, time_left: number|null,
 *   options: Record<string, any>, notes: string[], error: {message: string, remedy: string}|null,
 *   edited: boolean, language: string|null, passage_of?: string|null}} Job
 */

/** @type {Map<string, Job>} */
const jobs = new Map();
/** The last line that was heard of each, and the model that is being fetched for it. */
const lines = new Map();
const downloads = new Map();
const target = new EventTarget();
/** Jobs of a passage, not of a recording: they are shown where the passage is. */
const passages = new Set();

export let loaded = false;
export let paused = false;
/** @type {Error | null} */
export let problem = null;

const changed = (/** @type {string | null} */ id) => target.dispatchEvent(new CustomEvent("change", { detail: id }));

/**
 * Call when a job has changed, with its id; with null when the list has.
 * @param {(id: string | null) => void} listener
 * @param {AbortSignal} signal
 */
export function onJobs(listener, signal) {
  target.addEventListener("change", (event) => listener(/** @type {CustomEvent} */ (event).detail), { signal });
}

/** What went wrong and what helps, as the command line has it. @param {{message: string, remedy?: string}} error */
export const trouble = ({ message, remedy }) => (remedy ? `${message}: ${remedy}` : message);

export const job = (/** @type {string} */ id) => jobs.get(id);
export const lastLine = (/** @type {string} */ id) => lines.get(id);
export const download = (/** @type {string} */ id) => downloads.get(id);

/** All recordings: what runs, what waits in its order, then the newest first. */
export function allJobs() {
  const rank = (/** @type {Job} */ one) => ({ running: 0, waiting: 1, paused: 2 })[one.state] ?? 3;
  return [...jobs.values()]
    .filter((one) => !one.passage_of && !passages.has(one.id))
    .sort((a, b) => rank(a) - rank(b) || (a.place ?? 0) - (b.place ?? 0) || (b.ended ?? b.created) - (a.ended ?? a.created));
}

/** Keep a job out of the list. */
export const hidePassage = (/** @type {string} */ id) => passages.add(id);

/** What is redone of a recording. */
export const passagesOf = (/** @type {string} */ id) => [...jobs.values()].filter((one) => one.passage_of === id);

/** Take what an answer says of a job. */
export function know(/** @type {Job} */ one) {
  const isNew = !jobs.has(one.id);
  jobs.set(one.id, one);
  if (one.state !== "running") downloads.delete(one.id);
  changed(isNew ? null : one.id);
}

async function load() {
  try {
    const [list, state] = await Promise.all([call("GET", "jobs"), call("GET", "state")]);
    jobs.clear();
    for (const one of list.jobs) jobs.set(one.id, one);
    paused = state.paused;
    loaded = true;
    problem = null;
  } catch (error) {
    problem = /** @type {Error} */ (error);
  }
  changed(null);
}

/** Follow the events from now on. */
export function followJobs() {
  listen("reload", load);
  listen("job", know);
  listen("removed", ({ job: id }) => {
    jobs.delete(id);
    lines.delete(id);
    changed(null);
  });
  listen("queue", (state) => {
    paused = state.paused;
    changed(null);
  });
  listen("download", (state) => {
    downloads.set(state.job, state);
    changed(state.job);
  });
  listen("segments", ({ job: id, segments, position, duration, time_left }) => {
    const known = jobs.get(id);
    if (known) jobs.set(id, { ...known, position, duration, time_left });
    if (segments.length) lines.set(id, segments.at(-1).text.trim());
    downloads.delete(id);
    changed(id);
  });
}
