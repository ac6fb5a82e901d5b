// Draws the sound. A canvas as wide as the page, whatever the recording's length: only what is seen is
// drawn, from a pyramid of peaks, so three hours cost what a minute does.

/** Pixels of a bar, and of the gap behind it. */
const BAR = 2;
const GAP = 1;

/** @type {Record<string, string>} */
let colours = {};
let theme = "";

/**
 * A colour of the style sheet; asked once for each theme, since asking makes the browser restyle the page.
 * @param {Element} element
 * @param {string} name
 */
function colour(element, name) {
  const now = `${document.documentElement.dataset.theme} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  if (now !== theme) colours = {};
  theme = now;
  colours[name] ??= getComputedStyle(element).getPropertyValue(`--wave-${name}`);
  return colours[name];
}

/** The largest peaks of pieces of 1, 2, 4... values. */
export class Peaks {
  /** @param {ArrayLike<number>} values 0 to 1 @param {number} perSecond */
  constructor(values, perSecond) {
    this.perSecond = perSecond;
    // Soft recordings fill the strip, too; noise alone does not.
    let most = 0.05;
    for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i]);
    /** @type {Float32Array[]} */
    this.levels = [Float32Array.from(values, (value) => value / most)];
    for (let last = this.levels[0]; last.length > 256; ) {
      const next = new Float32Array(Math.ceil(last.length / 2));
      for (let i = 0; i < next.length; i += 1) next[i] = Math.max(last[2 * i], last[2 * i + 1] ?? 0);
      this.levels.push(next);
      last = next;
    }
  }

  /** The largest between two times. @param {number} start @param {number} end */
  between(start, end) {
    const count = (end - start) * this.perSecond;
    const level = Math.min(this.levels.length - 1, Math.max(0, Math.floor(Math.log2(count))));
    const values = this.levels[level];
    const scale = this.perSecond / 2 ** level;
    let most = 0;
    for (let i = Math.floor(start * scale); i < Math.max(end * scale, Math.floor(start * scale) + 1); i += 1) most = Math.max(most, values[i] ?? 0);
    return most;
  }
}

/**
 * What is drawn: the times at the edges, where it plays, a passage, and the borders of segments.
 * @typedef {{from: number, to: number, time: number, range: {start: number, end: number} | null,
 *   borders?: Array<{start: number, end: number, current: boolean}>, frame?: {start: number, end: number}}} View
 */

export class Strip {
  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @type {Peaks | null} */
    this.peaks = null;
    this.width = this.height = 0;
    new ResizeObserver(() => {
      this.#fit();
      resized();
    }).observe(canvas);
  }

  #fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }

  /** @param {View} view */
  draw({ from, to, time, range, borders = [], frame }) {
    const { context, width, height } = this;
    if (!width || !height) return;
    const shade = (/** @type {string} */ name) => colour(this.canvas, name);
    const x = (/** @type {number} */ seconds) => ((seconds - from) / (to - from)) * width;
    context.clearRect(0, 0, width, height);
    for (const { start, end, current } of borders) {
      context.fillStyle = shade(current ? "current" : "segment");
      context.fillRect(x(start), 0, Math.max(1, x(end) - x(start) - 1), height);
    }
    if (range) {
      context.fillStyle = shade("range");
      context.fillRect(x(range.start), 0, Math.max(1, x(range.end) - x(range.start)), height);
    }
    this.#bars(from, to, time, shade);
    for (const { start, end } of borders.filter((one) => one.current)) {
      context.fillStyle = shade("played");
      for (const edge of [x(start), x(end) - 2]) context.fillRect(edge, 0, 2, height);
    }
    if (frame) {
      context.strokeStyle = shade("played");
      context.lineWidth = 1.5;
      context.strokeRect(x(frame.start) + 1, 1, Math.max(4, x(frame.end) - x(frame.start)) - 2, height - 2);
    }
    context.fillStyle = shade("now");
    context.fillRect(x(time) - 1, 0, 2, height);
  }

  /** @param {number} from @param {number} to @param {number} time @param {(name: string) => string} shade */
  #bars(from, to, time, shade) {
    const { context, width, height, peaks } = this;
    const step = ((BAR + GAP) * (to - from)) / width;
    // Bars stand at fixed times, so that they do not flicker when the view moves.
    const first = Math.floor(from / step);
    const [played, rest] = [shade("played"), shade("rest")];
    for (let i = first; i * step < to; i += 1) {
      const size = Math.max(2, (peaks?.between(i * step, (i + 1) * step) ?? 0) * (height - 8));
      context.fillStyle = i * step < time ? played : rest;
      context.fillRect(((i * step - from) / (to - from)) * width, (height - size) / 2, BAR, size);
    }
  }
}
