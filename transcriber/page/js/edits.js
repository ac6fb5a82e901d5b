// What can be done to segments, each as one step of undo.

import { newKey } from "./document.js";
import { merged, shown, split, withText, withTimes } from "./words.js";

/** @typedef {import("./document.js").TranscriptDocument} TranscriptDocument */

/** Seconds that a new or changed segment lasts at least, so that it can be seen and grasped. */
export const SHORTEST = 0.1;
/** Seconds of a new segment where there is room. */
const NEW = 2;

/** @param {TranscriptDocument} text @param {number} key @param {string} written */
export function typed(text, key, written) {
  const old = text.get(key);
  const next = old && withText(old, written);
  if (old && next !== old) text.apply([text.patch([old], [next])], `type ${key}`);
}

/**
 * Cut a segment in two.
 * @param {TranscriptDocument} text
 * @param {number} key
 * @param {number} offset in the shown text
 * @returns {number} key of the second
 */
export function splitAt(text, key, offset) {
  const old = text.get(key);
  const parts = split(old, offset, newKey);
  text.apply([text.patch([old], parts)]);
  return parts[1].key;
}

/**
 * Join a segment with the next one.
 * @param {TranscriptDocument} text
 * @param {number} key
 * @returns {number} where the second begins in the joined text, or -1 if there is none
 */
export function mergeNext(text, key) {
  const at = text.indexOf(key);
  const [one, two] = [text.segments[at], text.segments[at + 1]];
  if (!two) return -1;
  const next = merged(one, two);
  text.apply([text.patch([one, two], [next])]);
  return shown(next).length - shown(two).length;
}

/**
 * Put an empty segment behind another one, or at the start.
 * @param {TranscriptDocument} text
 * @param {number} at number of the segment before it; -1 for the start
 * @param {number} length seconds of the recording
 * @returns {number} its key
 */
export function insertAfter(text, at, length) {
  const start = text.segments[at]?.end ?? 0;
  const room = text.segments[at + 1]?.start ?? Math.max(length, start + NEW);
  const made = { key: newKey(), start, end: Math.max(start + SHORTEST, Math.min(room, start + NEW)), text: "", checked: true };
  text.apply([text.patch([], [made], at + 1)]);
  return made.key;
}

/** @param {TranscriptDocument} text @param {number[]} keys */
export function removeSegments(text, keys) {
  // From the end: what one patch needs as its neighbour is still there.
  const all = keys.map((key) => text.get(key)).sort((a, b) => b.start - a.start);
  text.apply(all.map((one) => text.patch([one], [])));
}

/**
 * Change the times of a segment; the neighbours give way, so that segments never overlap by an edit.
 * @param {TranscriptDocument} text
 * @param {number} key
 * @param {number} start
 * @param {number} end
 * @param {string} [tag]
 */
export function setTimes(text, key, start, end, tag) {
  const at = text.indexOf(key);
  const old = text.segments[at];
  const before = text.segments[at - 1];
  const after = text.segments[at + 1];
  const from = Math.max(start, before ? before.start + SHORTEST : 0);
  const to = Math.max(from + SHORTEST, after ? Math.min(end, after.end - SHORTEST) : end);
  const removed = [old];
  const inserted = [withTimes(old, from, to)];
  if (before && before.end > from) {
    removed.unshift(before);
    inserted.unshift(withTimes(before, before.start, from));
  }
  if (after && after.start < to) {
    removed.push(after);
    inserted.push(withTimes(after, to, after.end));
  }
  text.apply([text.patch(removed, inserted)], tag);
}

/**
 * Put newly decoded segments in the place of those of a passage.
 * @param {TranscriptDocument} text
 * @param {number} start
 * @param {number} end
 * @param {any[]} segments
 * @returns {import("./document.js").Edit}
 */
export function replacePassage(text, start, end, segments) {
  const removed = text.within(start, end);
  const at = removed.length ? text.indexOf(removed[0].key) : text.segments.findIndex((one) => one.start >= start);
  const inserted = segments.map((one) => ({ ...one, key: newKey() }));
  return text.apply([text.patch(removed, inserted, at < 0 ? text.segments.length : at)]);
}

/** Say that a segment is right: nothing in it is doubtful any more. @param {TranscriptDocument} text @param {number} key */
export function confirmSegment(text, key) {
  const old = text.get(key);
  const words = old.words?.map((word) => ({ ...word, probability: 1 }));
  text.apply([text.patch([old], [{ ...old, checked: true, avg_logprob: 0, no_speech_prob: 0, ...(words && { words }) }])]);
}
