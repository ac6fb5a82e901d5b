// Where each word stands in the text of a segment, and when it is said; also after the text was edited.

/**
 * @typedef {{word: string, start: number, end: number, probability: number}} Word
 * @typedef {{key: number, start: number, end: number, text: string, words?: Word[], avg_logprob?: number,
 *   no_speech_prob?: number, speaker?: string, checked?: boolean}} Segment
 * @typedef {{from: number, to: number, start: number, end: number, probability: number}} Place a word in the text
 */

/** The text as it is shown: without the blank that openai-whisper begins with. */
export const shown = (/** @type {Segment} */ segment) => segment.text.trim();

/** The text as it is kept, with that blank. */
const stored = (/** @type {string} */ text) => (text ? ` ${text}` : "");

/** @type {WeakMap<Segment, Place[]>} */
const known = new WeakMap();

/**
 * The words in the shown text, in order. None where the recording was decoded without words.
 * @param {Segment} segment
 * @returns {Place[]}
 */
export function places(segment) {
  const found = known.get(segment);
  if (found) return found;
  const text = shown(segment);
  /** @type {Place[]} */
  const all = [];
  let at = 0;
  for (const { word, start, end, probability } of segment.words ?? []) {
    const bare = word.trim();
    const from = bare ? text.indexOf(bare, at) : -1;
    // A word that the text does not have was edited by somebody else's program.
    if (from < 0) continue;
    at = from + bare.length;
    all.push({ from, to: at, start, end, probability });
  }
  known.set(segment, all);
  return all;
}

/** @param {string} text @param {Place[]} all @returns {Word[]} whose joined text is the stored text */
function toWords(text, all) {
  return all.map(({ from, to, start, end, probability }, at) => ({
    word: at ? text.slice(all[at - 1].to, to) : stored(text.slice(0, to)), start, end, probability,
  }));
}

/**
 * The segment with another text. Words that were not touched keep their times; those that were share
 * the time of what they replaced, and count as checked.
 * @param {Segment} segment
 * @param {string} text
 * @returns {Segment}
 */
export function withText(segment, text) {
  const before = shown(segment);
  const after = text.trim();
  if (before === after) return segment;
  const next = { ...segment, text: stored(after), checked: true };
  if (!segment.words) return next;
  const [head, tail] = same(before, after);
  const old = places(segment);
  // A word that touches the change is a changed word, so that "cat" to "cats" is one word.
  const first = old.filter((place) => place.to < head || (place.to === head && !/^\S/.test(after.slice(head))));
  const rest = old.slice(first.length).filter((place) => place.from > before.length - tail
    || (place.from === before.length - tail && !/\S$/.test(after.slice(0, after.length - tail))));
  const replaced = old.slice(first.length, old.length - rest.length);
  const shift = after.length - before.length;
  const last = rest.map((place) => ({ ...place, from: place.from + shift, to: place.to + shift }));
  const from = first.at(-1)?.to ?? 0;
  const start = replaced[0]?.start ?? first.at(-1)?.end ?? segment.start;
  const end = replaced.at(-1)?.end ?? rest[0]?.start ?? segment.end;
  const all = [...first, ...spread(after, from, last[0]?.from ?? after.length, start, Math.max(start, end)), ...last];
  next.words = toWords(after, all);
  known.set(next, all);
  return next;
}

/** How many characters are the same at the start and at the end of two texts. */
function same(/** @type {string} */ a, /** @type {string} */ b) {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [head, tail];
}

/**
 * Give the words between two places of a text a share of the time, by their length.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @param {number} start
 * @param {number} end
 * @returns {Place[]}
 */
function spread(text, from, to, start, end) {
  const found = [...text.slice(from, to).matchAll(/\S+/g)];
  const total = found.reduce((sum, one) => sum + one[0].length, 0);
  let done = 0;
  return found.map((one) => {
    const begin = start + ((end - start) * done) / total;
    done += one[0].length;
    return { from: from + one.index, to: from + one.index + one[0].length, start: begin, end: start + ((end - start) * done) / total, probability: 1 };
  });
}

/**
 * The time of a place in the text.
 * @param {Segment} segment
 * @param {number} offset
 */
export function timeAt(segment, offset) {
  const all = places(segment);
  const word = all.find((place) => offset <= place.to);
  if (word) return word.start;
  const length = shown(segment).length;
  return all.length ? all[all.length - 1].start : segment.start + ((segment.end - segment.start) * offset) / Math.max(1, length);
}

/**
 * The word that is said at a time.
 * @param {Segment} segment
 * @param {number} time
 * @returns {Place | null} null between the words
 */
export function placeAt(segment, time) {
  const all = places(segment);
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].end <= time) low = middle + 1;
    else high = middle;
  }
  return all[low] && all[low].start <= time ? all[low] : null;
}

/**
 * Two segments out of one.
 * @param {Segment} segment
 * @param {number} offset in the shown text
 * @param {() => number} newKey
 * @returns {[Segment, Segment]}
 */
export function split(segment, offset, newKey) {
  const text = shown(segment);
  const left = text.slice(0, offset).trim();
  const right = text.slice(offset).trim();
  const all = places(segment);
  const at = all.findIndex((place) => place.to > offset);
  const lead = text.length - text.slice(offset).trimStart().length;
  const cut = at < 0 ? timeAt(segment, offset) : Math.max(all[at].start, at && all[at].from >= offset ? all[at - 1].end : all[at].start);
  const one = { ...segment, end: at > 0 && all[at].from >= offset ? all[at - 1].end : cut, text: stored(left) };
  const two = { ...segment, key: newKey(), start: cut, text: stored(right) };
  if (segment.words) {
    const parts = at < 0 ? [all, []] : [all.slice(0, at), all.slice(at)];
    // A word that was cut in two belongs to both.
    const cutWord = at >= 0 && all[at].from < offset ? all[at] : null;
    if (cutWord) parts[0] = [...parts[0], { ...cutWord, to: left.length, end: cutWord.start }];
    one.words = toWords(left, parts[0]);
    two.words = toWords(right, parts[1].map((place) => ({ ...place, from: Math.max(0, place.from - lead), to: place.to - lead })));
  }
  return [one, two];
}

/**
 * One segment out of two.
 * @param {Segment} one
 * @param {Segment} two
 * @returns {Segment}
 */
export function merged(one, two) {
  // Chinese and Japanese have no blank between sentences.
  const glue = /[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]$/.test(shown(one)) ? "" : " ";
  const text = [shown(one), shown(two)].filter(Boolean).join(glue);
  const next = { ...one, end: Math.max(one.end, two.end), text: stored(text), checked: Boolean(one.checked && two.checked) };
  if (one.words || two.words) {
    const shift = text.length - shown(two).length;
    const second = places(two).map((place) => ({ ...place, from: place.from + shift, to: place.to + shift }));
    next.words = toWords(text, [...places(one), ...second]);
  }
  return next;
}

/**
 * The segment with other times; words outside are drawn in.
 * @param {Segment} segment
 * @param {number} start
 * @param {number} end
 * @returns {Segment}
 */
export function withTimes(segment, start, end) {
  const inside = (/** @type {number} */ time) => Math.min(end, Math.max(start, time));
  const words = segment.words?.map((word) => ({ ...word, start: inside(word.start), end: inside(word.end) }));
  return { ...segment, start, end, ...(words && { words }) };
}
