// What the program was not sure of.

import { places, shown } from "./words.js";

/** Below it, a word is doubtful: as likely wrong as right. */
const WORD = 0.5;
/** openai-whisper's own limits, below and above which it tries again or takes a window for silent. */
const LOGPROB = -1;
const NO_SPEECH = 0.6;

/**
 * The doubtful parts of a segment's text. A doubtful segment is doubtful as a whole.
 * @param {import("./words.js").Segment} segment
 * @returns {Array<{from: number, to: number}>}
 */
export function doubtful(segment) {
  const text = shown(segment);
  const whole = !segment.checked && text && ((segment.avg_logprob ?? 0) < LOGPROB || (segment.no_speech_prob ?? 0) > NO_SPEECH);
  if (whole) return [{ from: 0, to: text.length }];
  return places(segment).filter((place) => place.probability < WORD);
}

/**
 * The next doubtful part behind a place, from the start again after the end.
 * @param {import("./words.js").Segment[]} segments
 * @param {number} at number of the segment
 * @param {number} offset in its text
 * @param {1 | -1} step
 * @returns {{key: number, from: number, to: number} | null}
 */
export function nextDoubt(segments, at, offset, step) {
  const count = segments.length;
  for (let i = 0; i <= count; i += 1) {
    const segment = segments[(((at + i * step) % count) + count) % count];
    const parts = segment ? doubtful(segment) : [];
    const fits = i ? parts : parts.filter((part) => (step > 0 ? part.from > offset : part.from < offset));
    const found = step > 0 ? fits[0] : fits.at(-1);
    if (found) return { key: segment.key, from: found.from, to: found.to };
  }
  return null;
}
