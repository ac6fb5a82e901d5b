// One segment: when it is said, and its text, which can be edited in place.

import { textNode } from "./caret.js";
import { doubtful } from "./doubts.js";
import { h } from "./dom.js";
import { clock } from "./format.js";
import { mark, unmark } from "./highlights.js";
import { t } from "./i18n.js";
import { shown } from "./words.js";

/** @typedef {import("./words.js").Segment} Segment */

export class SegmentRow {
  /** @type {any[]} */
  #doubts = [];

  /** @param {Segment} segment */
  constructor(segment) {
    this.time = h("button", { type: "button", class: "time", tabindex: "-1" });
    this.text = h("div", { class: "text", contenteditable: "plaintext-only", role: "textbox", "aria-multiline": "true", dir: "auto", tabindex: "-1", spellcheck: "true" });
    this.element = h("div", { class: "segment", role: "listitem", "data-key": String(segment.key) }, this.time, this.text);
    this.update(segment);
  }

  /**
   * Show a segment.
   * @param {Segment} segment
   * @param {boolean} [typing] whether the text in the row is where this segment's text comes from
   */
  update(segment, typing = false) {
    const start = clock(segment.start);
    const speaker = segment.speaker ? `${segment.speaker} ` : "";
    if (this.time.textContent !== speaker + start) {
      this.time.textContent = speaker + start;
      this.time.setAttribute("aria-label", t("segment.play", { time: start }));
      this.text.setAttribute("aria-label", t("segment.text", { time: start }));
    }
    const text = shown(segment);
    if (!typing) {
      const node = textNode(this.text);
      if (node.data !== text) node.data = text;
    }
    this.text.classList.toggle("blank", !text);
    this.markDoubts(segment);
  }

  /** @param {Segment} segment */
  markDoubts(segment) {
    for (const range of this.#doubts) unmark("doubt", range);
    const parts = doubtful(segment);
    this.#doubts = parts.length ? parts.map((part) => mark("doubt", this.node, part.from, part.to)) : [];
  }

  /** @returns {Text | null} */
  get node() {
    return this.text.firstChild instanceof Text ? this.text.firstChild : null;
  }

  /** The current row is in the order of the Tab key. @param {boolean} current */
  set current(current) {
    this.time.tabIndex = this.text.tabIndex = current ? 0 : -1;
    this.element.classList.toggle("current", current);
    // The tools stand over the edge of the row, which a block would cut.
    this.element.parentElement?.classList.toggle("live", current);
  }

  /** It goes; its marks go before it. */
  forget() {
    for (const range of this.#doubts) unmark("doubt", range);
    this.element.parentElement?.classList.remove("live");
  }
}
