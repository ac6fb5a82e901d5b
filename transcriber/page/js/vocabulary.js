// Words that were corrected, for the next run: names that the program did not know.

import { preference, prefer } from "./preferences.js";

/** More would push the text before the recording out of the model's sight. */
const MOST = 60;

/** A word: letters, with what may stand inside names. */
const WORD = /[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’\-]*/gu;

/**
 * What was written that was not there before, as words worth learning.
 * @param {string} before
 * @param {string} after
 * @returns {string[]}
 */
export function newWords(before, after) {
  const old = new Set(before.match(WORD) ?? []);
  const lower = new Set([...old].map((word) => word.toLocaleLowerCase()));
  // A capital at the start of a sentence is no new word, and two letters are rarely a name.
  return [...new Set(after.match(WORD) ?? [])].filter((word) => !old.has(word) && !lower.has(word.toLocaleLowerCase()) && word.length > 2 && /\p{L}/u.test(word));
}

/** The words that were kept for the next run. */
export const collectedWords = () => /** @type {string[]} */ (preference("vocabulary", []));

/**
 * Keep words for the next run.
 * @param {string[]} words
 */
export const keepWords = (words) => prefer("vocabulary", [...new Set([...words, ...collectedWords()])].slice(0, MOST));

/** Forget them. */
export const forgetWords = () => prefer("vocabulary", []);

/**
 * Add the words that were kept to what the field has.
 * @param {string | undefined} field
 */
export function addWords(field) {
  const there = (field ?? "").split(",").map((word) => word.trim()).filter(Boolean);
  return [...new Set([...there, ...collectedWords()])].join(", ");
}
