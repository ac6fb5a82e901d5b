// What was edited and is not saved yet, kept in this browser, so that a reload in the middle loses nothing.

/** @typedef {import("./words.js").Segment} Segment */
/**
 * How the edited segments come from those that the program has: runs of them as [first, count], and new ones.
 * @typedef {{revision: number, length: number, parts: Array<[number, number] | Segment>}} Draft
 */

const key = (/** @type {string} */ id) => `transcriber.draft.${id}`;

/**
 * @param {Segment[]} base what the program has
 * @param {Segment[]} now
 * @param {number} revision of the base
 * @returns {Draft}
 */
export function makeDraft(base, now, revision) {
  const numbers = new Map(base.map((one, at) => [one, at]));
  /** @type {Draft["parts"]} */
  const parts = [];
  for (const one of now) {
    const at = numbers.get(one);
    const last = parts.at(-1);
    if (at === undefined) parts.push(one);
    else if (Array.isArray(last) && last[0] + last[1] === at) last[1] += 1;
    else parts.push([at, 1]);
  }
  return { revision, length: base.length, parts };
}

/**
 * The edited segments; what the program decoded since comes at the end.
 * @param {Draft} draft
 * @param {Segment[]} base
 */
export function fromDraft(draft, base) {
  const edited = draft.parts.flatMap((part) => (Array.isArray(part) ? base.slice(part[0], part[0] + part[1]) : [part]));
  return [...edited, ...base.slice(draft.length)];
}

/** The new segments of a draft, those that follow each other together. @param {Draft} draft */
export function newGroups(draft) {
  /** @type {Segment[][]} */
  const groups = [];
  let open = false;
  for (const part of draft.parts) {
    if (Array.isArray(part)) open = false;
    else {
      if (!open) groups.push([]);
      groups[groups.length - 1].push(part);
      open = true;
    }
  }
  return groups;
}

/** @param {string} id @param {Draft} draft @returns {boolean} whether there was room */
export function keepDraft(id, draft) {
  try {
    localStorage.setItem(key(id), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} id @returns {Draft | null} */
export function findDraft(id) {
  try {
    return JSON.parse(localStorage.getItem(key(id)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} id */
export function dropDraft(id) {
  try {
    localStorage.removeItem(key(id));
  } catch {
    // There was none, then.
  }
}
