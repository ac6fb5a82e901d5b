// The transcript that is edited: its segments, what was done to them, and undoing it.

/** @typedef {import("./words.js").Segment} Segment */
/**
 * What an edit did at one place: it put some segments in the place of others, behind the one with the
 * key `after` (null: at the start). Keys, not numbers: more segments may come while one edits.
 * @typedef {{after: number | null, removed: Segment[], inserted: Segment[]}} Patch
 * @typedef {{patches: Patch[], tag: string, time: number}} Edit
 */

/** Milliseconds within which typing in the same segment is one step of undo. */
const ONE_STEP = 1500;
/** Steps that are kept. */
const STEPS = 500;

let lastKey = 0;

/** A key that no segment has. */
export const newKey = () => ++lastKey;

export class TranscriptDocument extends EventTarget {
  /** @type {Segment[]} in the order of time */
  segments = [];
  /** Grows with each change that is to be saved. */
  version = 0;
  /** @type {Edit[]} */
  #done = [];
  /** @type {Edit[]} */
  #undone = [];
  /** @type {Map<number, number> | null} */
  #places = null;

  /**
   * Begin anew with what the program has.
   * @param {any[]} segments
   */
  load(segments) {
    this.segments = segments.map((one) => ({ ...one, key: newKey() }));
    this.#done = [];
    this.#undone = [];
    this.#places = null;
    this.dispatchEvent(new CustomEvent("load"));
  }

  /** Where the segment with this key stands, or -1. */
  indexOf(/** @type {number} */ key) {
    this.#places ??= new Map(this.segments.map((one, at) => [one.key, at]));
    return this.#places.get(key) ?? -1;
  }

  /** @param {number} key */
  get(key) {
    return this.segments[this.indexOf(key)];
  }

  /** The segment at or before a time, or null. */
  at(/** @type {number} */ time) {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].start <= time) low = middle + 1;
      else high = middle;
    }
    return this.segments[low - 1] ?? null;
  }

  /** Segments of which more than a moment lies between two times. */
  within(/** @type {number} */ start, /** @type {number} */ end) {
    return this.segments.filter((one) => Math.min(one.end, end) - Math.max(one.start, start) > 0.05);
  }

  /**
   * The patch that puts segments in the place of some that follow each other.
   * @param {Segment[]} removed
   * @param {Segment[]} inserted
   * @param {number} [at] where, if none is removed
   * @returns {Patch}
   */
  patch(removed, inserted, at = this.indexOf(removed[0]?.key)) {
    // Copies: the list of all segments changes while the patch is kept.
    return { after: this.segments[at - 1]?.key ?? null, removed: [...removed], inserted: [...inserted] };
  }

  /**
   * Edit.
   * @param {Patch[]} patches
   * @param {string} [tag] edits of the same tag soon after each other are one step
   * @returns {Edit}
   */
  apply(patches, tag = "") {
    let last = this.#done.at(-1);
    const now = Date.now();
    this.#undone = [];
    if (tag && last?.tag === tag && now - last.time < ONE_STEP) {
      last.patches[0].inserted = patches[0].inserted;
      last.time = now;
    } else {
      last = { patches: patches.map((one) => ({ ...one })), tag, time: now };
      this.#done.push(last);
      if (this.#done.length > STEPS) this.#done.shift();
    }
    this.#perform(patches, "edit");
    return last;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Take the last edit back. @param {Edit} [edit] only if it is this one */
  undo(edit = this.#done.at(-1)) {
    if (!edit || edit !== this.#done.at(-1)) return;
    this.#done.pop();
    this.#undone.push(edit);
    const back = edit.patches.map(({ after, removed, inserted }) => ({ after, removed: inserted, inserted: removed }));
    this.#perform(back.reverse(), "undo");
  }

  /** Do it again. */
  redo() {
    const edit = this.#undone.pop();
    if (!edit) return;
    this.#done.push({ ...edit, tag: "" });
    this.#perform(edit.patches, "undo");
  }

  /**
   * Take segments that were decoded meanwhile. They are no edit, and touch nothing that is there.
   * @param {any[]} segments
   */
  arrive(segments) {
    for (const one of segments) {
      const before = this.at(one.start);
      this.#perform([{ after: before?.key ?? null, removed: [], inserted: [{ ...one, key: newKey() }] }], "arrive");
    }
  }

  /**
   * @param {Patch[]} patches
   * @param {"edit" | "undo" | "arrive"} origin
   */
  #perform(patches, origin) {
    for (const { after, removed, inserted } of patches) {
      const inPlace = removed.length === inserted.length && removed.every((one, at) => one.key === inserted[at].key);
      if (inPlace) {
        for (const one of inserted) this.segments[this.indexOf(one.key)] = one;
        continue;
      }
      if (removed.length) this.#remove(removed);
      this.segments.splice(after === null ? 0 : this.indexOf(after) + 1, 0, ...inserted);
      this.#places = null;
    }
    if (origin !== "arrive") this.version += 1;
    this.dispatchEvent(new CustomEvent("change", { detail: { patches, origin } }));
  }

  /** @param {Segment[]} removed */
  #remove(removed) {
    const at = this.indexOf(removed[0].key);
    if (removed.every((one, i) => this.segments[at + i]?.key === one.key)) this.segments.splice(at, removed.length);
    else {
      // One has come between them since.
      const keys = new Set(removed.map((one) => one.key));
      this.segments = this.segments.filter((one) => !keys.has(one.key));
    }
    this.#places = null;
  }

  /**
   * Hear of changes: "edit", "undo" or "arrive" with the patches, "load" without.
   * @param {(change: {patches: Patch[], origin: string}) => void} listener
   * @param {AbortSignal} signal
   */
  onChange(listener, signal) {
    this.addEventListener("change", (event) => listener(/** @type {CustomEvent} */ (event).detail), { signal });
    this.addEventListener("load", () => listener({ patches: [], origin: "load" }), { signal });
  }
}

/** A segment as the program keeps it: numbered, and without our key. @param {Segment} segment @param {number} id */
export const bare = ({ key, ...segment }, id) => ({ ...segment, id });

/** All of them so. */
export const plain = (/** @type {Segment[]} */ segments) => segments.map(bare);
