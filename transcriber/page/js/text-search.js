// Finds and replaces in the text of segments.

import { shown, withText } from "./words.js";

/** @typedef {import("./words.js").Segment} Segment */
/** @typedef {{text: string, matchCase: boolean, wholeWord: boolean, regular: boolean}} Query */
/** @typedef {{key: number, from: number, to: number}} Hit */

/**
 * The expression of a query.
 * @param {Query} query
 * @returns {RegExp | null} null if it is empty
 * @throws {SyntaxError} if it is no regular expression
 */
export function expression({ text, matchCase, wholeWord, regular }) {
  if (!text) return null;
  const source = regular ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // \b knows no letters beyond ASCII.
  const whole = wholeWord ? `(?<![\\p{L}\\p{M}\\p{N}_])(?:${source})(?![\\p{L}\\p{M}\\p{N}_])` : source;
  return new RegExp(whole, matchCase ? "gu" : "giu");
}

/**
 * All places where it occurs.
 * @param {Segment[]} segments
 * @param {RegExp} wanted
 * @returns {Hit[]}
 */
export function find(segments, wanted) {
  const hits = [];
  for (const segment of segments) {
    for (const one of shown(segment).matchAll(wanted)) {
      if (one[0]) hits.push({ key: segment.key, from: one.index, to: one.index + one[0].length });
    }
  }
  return hits;
}

/**
 * The text with some of the hits replaced. In a regular expression, $1 stands for its first group.
 * @param {Segment} segment
 * @param {RegExp} wanted
 * @param {string} replacement
 * @param {boolean} regular
 * @param {number} [only] the place of the hit to replace; all, if it is missing
 * @returns {Segment}
 */
export function replaced(segment, wanted, replacement, regular, only) {
  let next = segment;
  // From the end, and one by one: places stay right, and words between two hits keep their times.
  for (const hit of [...shown(segment).matchAll(wanted)].reverse()) {
    if (!hit[0] || (only !== undefined && hit.index !== only)) continue;
    const put = regular ? replacement.replace(/\$(\d|&|\$)/g, (_, name) => (name === "$" ? "$" : (hit[name === "&" ? 0 : name] ?? ""))) : replacement;
    const text = shown(next);
    next = withText(next, text.slice(0, hit.index) + put + text.slice(hit.index + hit[0].length));
  }
  return next;
}
