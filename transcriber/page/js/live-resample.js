// Brings sound to another rate: a low-pass of windowed sinc, read at the places of the new samples.

/** Zero crossings of the sinc on each side. */
const REACH = 16;

/** Places between two samples for which the filter is kept. */
const PHASES = 64;

export class Resampler {
  /**
   * @param {number} from samples per second
   * @param {number} to
   */
  constructor(from, to) {
    this.ratio = from / to;
    // A little below half of the lower rate, so that nothing is mirrored.
    const cutoff = 0.94 * Math.min(1, to / from);
    this.half = Math.ceil(REACH / cutoff);
    this.kernels = Array.from({ length: PHASES + 1 }, (_, phase) => kernel(this.half, cutoff, phase / PHASES));
    this.left = new Float32Array(this.half);
    this.at = this.half;
  }

  /**
   * Take in samples, and return those that are whole by now.
   * @param {Float32Array} samples
   */
  push(samples) {
    const all = new Float32Array(this.left.length + samples.length);
    all.set(this.left);
    all.set(samples, this.left.length);
    const made = [];
    let { at } = this;
    for (; at + this.half + 1 < all.length; at += this.ratio) {
      const first = Math.floor(at);
      const taps = this.kernels[Math.round((at - first) * PHASES)];
      let sum = 0;
      for (let n = 0; n < taps.length; n += 1) sum += taps[n] * all[first - this.half + 1 + n];
      made.push(sum);
    }
    const gone = Math.floor(at) - this.half;
    this.left = all.slice(gone);
    this.at = at - gone;
    return Float32Array.from(made);
  }

  /** What is still inside. */
  end() {
    return this.push(new Float32Array(this.half + 1));
  }
}

/**
 * The weights of the samples around a place that lies `phase` behind one.
 * @param {number} half of their count
 * @param {number} cutoff in parts of half the rate
 * @param {number} phase
 */
function kernel(half, cutoff, phase) {
  const taps = Float32Array.from({ length: 2 * half }, (_, n) => {
    const x = n - half + 1 - phase;
    const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
    return sinc * Math.max(0, 0.5 + 0.5 * Math.cos((Math.PI * x) / half));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
