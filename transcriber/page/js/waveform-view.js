// The waveform: a strip of what is around, one of the whole recording, and what pointers and keys do there.

import { h, iconButton } from "./dom.js";
import { clock } from "./format.js";
import { t } from "./i18n.js";
import { SHORTEST } from "./edits.js";
import { Peaks, Strip } from "./waveform.js";

/** Seconds that are seen at first, and at least. */
const SEEN = 45;
const LEAST = 4;
/** Pixels around a border in which it is grasped, and that a drag must go. */
const GRASP = 7;
const DRAG = 4;

/**
 * @typedef {{start: number, end: number}} Range
 * @typedef {{seek: (time: number) => void, select: (range: Range | null) => void, move: (start: number, end: number) => void,
 *   segments: () => Array<Range & {key: number}>, current: () => number}} Hooks
 */

export class Waveform {
  /** @type {Range | null} */
  range = null;
  /** @type {Range | null} what the current segment would be, while a border is dragged */
  #moved = null;
  #time = 0;

  /** @param {number} length @param {Hooks} hooks */
  constructor(length, hooks) {
    this.length = length;
    this.hooks = hooks;
    this.from = 0;
    this.to = Math.min(length, SEEN);
    const near = h("canvas", { class: "near" });
    const far = h("canvas", { class: "far", "aria-hidden": "true" });
    this.slider = h("div", { class: "wave", role: "slider", tabindex: "0", "aria-label": t("wave.label"), "aria-valuemin": "0" }, near);
    this.element = h("div", { class: "waves" }, this.slider, far, h("div", { class: "zoom" },
      iconButton("minus", t("wave.out"), () => this.zoom(2)), iconButton("plus", t("wave.in"), () => this.zoom(0.5))));
    this.near = new Strip(near, () => this.draw());
    this.far = new Strip(far, () => this.draw());
    this.#gestures(near);
    this.#overview(far);
    this.slider.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.setLength(length);
  }

  /** @param {number} length */
  setLength(length) {
    this.length = length;
    if (this.to > length || this.to - this.from < Math.min(LEAST, length)) this.to = Math.min(length, this.from + SEEN);
    this.slider.setAttribute("aria-valuemax", String(Math.round(length)));
    this.element.classList.toggle("short", length <= SEEN);
    this.draw();
  }

  /** @param {number[]} values @param {number} perSecond */
  setPeaks(values, perSecond) {
    this.near.peaks = this.far.peaks = new Peaks(values, perSecond);
    this.draw();
  }

  /** It plays here now. @param {number} time */
  setTime(time) {
    this.#time = time;
    const seen = this.to - this.from;
    // A page at a time: text that is read should not have something moving above it all the time.
    if (time < this.from || time > this.to - seen * 0.05) this.#view(time - seen * 0.1, seen);
    this.slider.setAttribute("aria-valuenow", String(Math.round(time)));
    this.slider.setAttribute("aria-valuetext", clock(time));
    this.draw();
  }

  /** @param {Range | null} range */
  setRange(range) {
    this.range = range;
    this.draw();
  }

  /** @param {number} from @param {number} seen */
  #view(from, seen) {
    const length = Math.min(Math.max(seen, LEAST), this.length);
    this.from = Math.max(0, Math.min(from, this.length - length));
    this.to = this.from + length;
  }

  /** Show more or less. @param {number} factor @param {number} [around] a time that stays where it is */
  zoom(factor, around = Math.min(Math.max(this.#time, this.from), this.to)) {
    const seen = Math.min(Math.max((this.to - this.from) * factor, LEAST), this.length);
    this.#view(around - ((around - this.from) / (this.to - this.from)) * seen, seen);
    this.draw();
  }

  draw() {
    if (!this.near?.width || !this.far) return;
    const current = this.hooks.current();
    const borders = this.hooks.segments().filter((one) => one.end > this.from && one.start < this.to)
      .map((one) => ({ ...(one.key === current && this.#moved ? this.#moved : one), current: one.key === current }));
    this.near.draw({ from: this.from, to: this.to, time: this.#time, range: this.range, borders });
    this.far.draw({ from: 0, to: this.length, time: this.#time, range: this.range, frame: { start: this.from, end: this.to } });
  }

  /** @param {PointerEvent | WheelEvent} event @returns {number} the time below the pointer */
  #at(event) {
    const box = this.near.canvas.getBoundingClientRect();
    return Math.min(this.length, Math.max(0, this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from)));
  }

  /** The border of the current segment that is below the pointer. @param {PointerEvent} event */
  #border(event) {
    const segment = this.hooks.segments().find((one) => one.key === this.hooks.current());
    const reach = (GRASP / this.near.width) * (this.to - this.from);
    const time = this.#at(event);
    if (!segment) return null;
    if (Math.abs(segment.end - time) < reach) return { segment, edge: "end" };
    return Math.abs(segment.start - time) < reach ? { segment, edge: "start" } : null;
  }

  /** @param {HTMLCanvasElement} canvas */
  #gestures(canvas) {
    /** @type {{x: number, time: number, border: any, moving: boolean} | null} */
    let drag = null;
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, time: this.#at(event), border: this.#border(event), moving: false };
    };
    canvas.onpointermove = (event) => {
      if (!drag) canvas.style.cursor = this.#border(event) ? "ew-resize" : "pointer";
      else if (drag.moving || Math.abs(event.clientX - drag.x) >= DRAG) {
        drag.moving = true;
        const time = this.#at(event);
        if (drag.border) {
          const { segment, edge } = drag.border;
          this.#moved = edge === "start" ? { start: Math.min(time, segment.end - SHORTEST), end: segment.end } : { start: segment.start, end: Math.max(time, segment.start + SHORTEST) };
        } else this.range = { start: Math.min(drag.time, time), end: Math.max(drag.time, time) };
        this.draw();
      }
    };
    canvas.onpointerup = (event) => {
      const moved = this.#moved;
      this.#moved = null;
      if (!drag) return;
      if (moved) this.hooks.move(moved.start, moved.end);
      else if (drag.moving) this.hooks.select(this.range);
      else {
        this.hooks.select(null);
        this.hooks.seek(this.#at(event));
      }
      drag = null;
    };
    canvas.onpointercancel = () => {
      drag = this.#moved = null;
      this.draw();
    };
    canvas.addEventListener("wheel", (event) => {
      const along = event.shiftKey ? event.deltaY : event.deltaX;
      if (!event.ctrlKey && !along) return;
      event.preventDefault();
      if (event.ctrlKey) return this.zoom(1.2 ** Math.sign(event.deltaY), this.#at(event));
      this.#view(this.from + (along / this.near.width) * (this.to - this.from), this.to - this.from);
      this.draw();
    }, { passive: false });
  }

  /** @param {HTMLCanvasElement} canvas */
  #overview(canvas) {
    canvas.onpointerdown = canvas.onpointermove = (event) => {
      if (!(event.buttons & 1)) return;
      canvas.setPointerCapture(event.pointerId);
      const box = canvas.getBoundingClientRect();
      this.hooks.seek(((event.clientX - box.left) / box.width) * this.length);
    };
  }

  #key(/** @type {KeyboardEvent} */ event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -5, ArrowUp: 5, PageDown: -30, PageUp: 30, Home: -Infinity, End: Infinity };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (event.altKey || event.ctrlKey) return;
    if (step) this.hooks.seek(Math.min(this.length, Math.max(0, this.#time + step)));
    else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 0.5 : 2);
    else return;
    event.preventDefault();
  }
}
