// The text of the recording: a row for each segment, kept like the document.

import { caretIn, onLine, setCaret, textNode, written } from "./caret.js";
import { h, still } from "./dom.js";
import { insertAfter, mergeNext, splitAt, typed } from "./edits.js";
import { t } from "./i18n.js";
import { RowBlocks } from "./row-blocks.js";
import { SegmentRow } from "./segment-row.js";
import { shown, timeAt } from "./words.js";

/** @typedef {import("./words.js").Segment} Segment */
/**
 * @typedef {{hear: (time: number) => void, current: (key: number) => void, extend: (key: number) => void,
 *   left: (key: number, before: string) => void, length: () => number, clickPlays: () => boolean}} Hooks
 */

export class SegmentList {
  /** @type {Map<number, SegmentRow>} */
  rows = new Map();
  /** Key of the segment that keys and buttons mean. */
  current = 0;
  #typing = 0;
  #before = "";
  /** @type {Set<SegmentRow>} */
  #selected = new Set();

  /**
   * @param {import("./document.js").TranscriptDocument} text
   * @param {Hooks} hooks
   * @param {AbortSignal} signal
   */
  constructor(text, hooks, signal) {
    this.document = text;
    this.hooks = hooks;
    this.element = h("div", { class: "segments", role: "list", "aria-label": t("transcript.text") });
    this.blocks = new RowBlocks(this.element);
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ listener) => this.element.addEventListener(name, listener);
    on("input", (event) => this.#input(event));
    on("beforeinput", (event) => this.#beforeInput(event));
    on("paste", (event) => this.#paste(event));
    on("keydown", (event) => this.#key(event));
    on("click", (event) => this.#click(event));
    on("focusin", (event) => this.#enter(event.target));
    on("focusout", (event) => this.#leave(event.target));
    text.onChange((change) => this.#show(change), signal);
  }

  /** Show what the document has; from now on, the hooks are called. */
  start() {
    this.#show({ patches: [], origin: "load" });
  }

  /** @param {{patches: import("./document.js").Patch[], origin: string}} change */
  #show({ patches, origin }) {
    if (origin === "load") {
      for (const row of this.rows.values()) row.forget();
      this.rows.clear();
      this.blocks.fill(this.document.segments.map((one) => this.#make(one).element));
      this.#become(this.document.segments[0]?.key ?? 0);
      return;
    }
    for (const { after, removed, inserted } of patches) {
      const keep = new Set(inserted.map((one) => one.key));
      for (const one of removed) {
        const row = this.rows.get(one.key);
        if (keep.has(one.key) || !row) continue;
        row.forget();
        this.blocks.remove(row.element);
        this.rows.delete(one.key);
      }
      let before = after === null ? null : (this.rows.get(after)?.element ?? null);
      for (const one of inserted) {
        const row = this.rows.get(one.key) ?? this.#make(one);
        row.update(one, one.key === this.#typing);
        this.blocks.insert(row.element, before);
        before = row.element;
      }
    }
    if (!this.rows.has(this.current)) this.#become(patches[0]?.inserted[0]?.key ?? patches[0]?.after ?? this.document.segments[0]?.key ?? 0);
  }

  /** @param {Segment} segment */
  #make(segment) {
    const row = new SegmentRow(segment);
    this.rows.set(segment.key, row);
    return row;
  }

  /** @param {any} target @returns {number} */
  #keyOf(target) {
    return Number(target.closest?.(".segment")?.dataset.key ?? 0);
  }

  /** @param {number} key */
  #become(key) {
    if (key === this.current && this.rows.get(key)?.element.classList.contains("current")) return;
    const old = this.rows.get(this.current);
    if (old) old.current = false;
    this.current = key;
    const row = this.rows.get(key);
    if (!row) return;
    row.current = true;
    this.hooks.current(key);
  }

  #enter(/** @type {HTMLElement} */ target) {
    const key = this.#keyOf(target);
    if (!key) return;
    this.#become(key);
    if (target.classList.contains("text")) this.#before = shown(this.document.get(key));
  }

  #leave(/** @type {HTMLElement} */ target) {
    const key = this.#keyOf(target);
    const segment = this.document.get(key);
    if (!segment || !target.classList.contains("text")) return;
    // Blanks at the edges were left while somebody typed.
    this.rows.get(key)?.update(segment);
    this.hooks.left(key, this.#before);
  }

  #input(/** @type {InputEvent} */ event) {
    const element = /** @type {HTMLElement} */ (event.target);
    const key = this.#keyOf(element);
    if (!event.isComposing && element.classList.contains("text")) {
      const node = textNode(element);
      if (/[\n\r]/.test(node.data)) node.data = written(element);
    }
    this.#typing = key;
    typed(this.document, key, written(element));
    this.#typing = 0;
  }

  #beforeInput(/** @type {InputEvent} */ event) {
    // The browser's own undo knows nothing of splits and merges.
    if (event.inputType === "historyUndo") event.preventDefault(), this.document.undo();
    if (event.inputType === "historyRedo") event.preventDefault(), this.document.redo();
  }

  /** What is pasted becomes one line: browsers differ in what they make of line breaks. */
  #paste(/** @type {ClipboardEvent} */ event) {
    const text = event.clipboardData?.getData("text/plain");
    if (!text) return;
    event.preventDefault();
    // Deprecated, and the only way to insert as if it was typed.
    document.execCommand("insertText", false, text.replace(/\s*[\n\r]+\s*/g, " "));
  }

  #click(/** @type {MouseEvent} */ event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const key = this.#keyOf(target);
    const segment = this.document.get(key);
    if (!segment) return;
    if (target.closest(".time")) {
      if (event.shiftKey) this.hooks.extend(key);
      else this.hooks.hear(segment.start);
    } else if (target.classList.contains("text")) {
      const caret = caretIn(target);
      if (caret && caret.from === caret.to && (this.hooks.clickPlays() || event.ctrlKey)) this.hooks.hear(timeAt(segment, caret.from));
    }
  }

  #key(/** @type {KeyboardEvent} */ event) {
    const element = /** @type {HTMLElement} */ (event.target);
    if (!element.classList.contains("text") || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = this.#keyOf(element);
    const caret = caretIn(element);
    if (!caret) return;
    const { from, to } = caret;
    const length = element.textContent?.length ?? 0;
    const at = this.document.indexOf(key);
    const step = { ArrowUp: "first", ArrowDown: "last" }[event.key];
    if (event.key === "Enter") this.split();
    else if (event.key === "Backspace" && from + to === 0 && at > 0) this.#mergeInto(this.document.segments[at - 1].key);
    else if (event.key === "Delete" && from === length && from === to) this.#mergeInto(key);
    else if (event.key === "Escape") this.rows.get(key)?.time.focus();
    else if (step && !event.shiftKey && onLine(element, /** @type {any} */ (step))) this.go(step === "first" ? -1 : 1);
    else return;
    event.preventDefault();
  }

  /** Join a segment with the next one; the caret stays between the words. */
  #mergeInto(/** @type {number} */ key) {
    const offset = mergeNext(this.document, key);
    if (offset >= 0) this.focus(key, offset);
  }

  /** Join the current segment with the next one. */
  merge() {
    this.#mergeInto(this.current);
  }

  /** Cut the current segment at the caret; at its edges, make an empty one. */
  split() {
    const segment = this.document.get(this.current);
    if (!segment) return;
    const element = /** @type {SegmentRow} */ (this.rows.get(this.current)).text;
    const offset = caretIn(element)?.from ?? this.#middle(segment);
    const text = shown(segment);
    const at = this.document.indexOf(this.current);
    if (!text.slice(offset).trim()) this.focus(insertAfter(this.document, at, this.hooks.length()), 0);
    else if (!text.slice(0, offset).trim()) insertAfter(this.document, at - 1, this.hooks.length());
    else this.focus(splitAt(this.document, this.current, offset), 0);
  }

  /** The blank that is nearest to the middle. @param {Segment} segment */
  #middle(segment) {
    const text = shown(segment);
    const blanks = [...text.matchAll(/\s/g)].map((one) => one.index);
    return blanks.sort((a, b) => Math.abs(a - text.length / 2) - Math.abs(b - text.length / 2))[0] ?? text.length;
  }

  /** Go to a segment further up or down. @param {number} step */
  go(step) {
    const next = this.document.segments[this.document.indexOf(this.current) + step];
    if (next) this.focus(next.key, step < 0 ? Infinity : 0);
  }

  /**
   * Put the caret into a segment.
   * @param {number} key
   * @param {number} [from]
   * @param {number} [to]
   */
  focus(key, from = 0, to = from) {
    const row = this.rows.get(key);
    if (!row) return;
    row.text.focus({ preventScroll: true });
    setCaret(row.text, from, to);
    this.reveal(key, "nearest");
  }

  /**
   * Scroll to a segment.
   * @param {number} key
   * @param {ScrollLogicalPosition} [where]
   */
  reveal(key, where = "center") {
    const row = this.rows.get(key)?.element;
    if (!row) return;
    const far = Math.abs(row.getBoundingClientRect().top - innerHeight / 2) > 1.5 * innerHeight;
    row.scrollIntoView({ block: where, behavior: still() || far || where === "nearest" ? "auto" : "smooth" });
    // Rows that were never seen have a guessed height; now those around have their own.
    if (far) requestAnimationFrame(() => requestAnimationFrame(() => row.scrollIntoView({ block: where })));
  }

  /** Mark the segments of a passage. @param {{start: number, end: number} | null} range */
  select(range) {
    for (const row of this.#selected) row.element.classList.remove("selected");
    const inside = range ? this.document.within(range.start, range.end) : [];
    this.#selected = new Set(inside.map((one) => /** @type {SegmentRow} */ (this.rows.get(one.key))));
    for (const row of this.#selected) row.element.classList.add("selected");
  }
}
