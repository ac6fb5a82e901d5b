// Marks in the text that are no part of it: the word that is spoken, doubtful words, and what was found.
// The CSS Custom Highlight API paints them, so that the text stays one node that can be edited.

/** Whether the browser can; without it, segments are lit as a whole. */
const able = "highlights" in CSS;

/** Later ones are painted over earlier ones. */
const NAMES = ["doubt", "found", "here", "spoken"];

/** @type {Record<string, any>} */
const marks = {};
if (able) {
  NAMES.forEach((name, priority) => {
    // @ts-ignore: newer than the types
    marks[name] = new Highlight();
    marks[name].priority = priority;
    // @ts-ignore
    CSS.highlights.set(name, marks[name]);
  });
}

/**
 * Mark a part of a text node.
 * @param {string} name
 * @param {Text | null} node
 * @param {number} from
 * @param {number} to
 * @returns {any} what `unmark` takes
 */
export function mark(name, node, from, to) {
  if (!able || !node || from >= node.length) return null;
  // Static: the browser need not move thousands of them at each letter that is typed.
  const range = new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: Math.min(to, node.length) });
  marks[name].add(range);
  return range;
}

/** @param {string} name @param {any} range */
export const unmark = (name, range) => range && marks[name]?.delete(range);

/** Take all marks of a name away. */
export const clearMarks = (/** @type {string} */ name) => marks[name]?.clear();

/** Take all marks away: another page is shown. */
export const clearAll = () => NAMES.forEach(clearMarks);
