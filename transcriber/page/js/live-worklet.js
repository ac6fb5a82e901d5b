// Runs where the sound is: makes blocks of 100 ms out of it, 16 kHz of signed 16 bit samples.

import { Resampler } from "./live-resample.js";

const RATE = 16000;
const BLOCK = RATE / 10;

const { AudioWorkletProcessor, registerProcessor, sampleRate } = /** @type {any} */ (globalThis);

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = sampleRate === RATE ? null : new Resampler(sampleRate, RATE);
    this.block = new Int16Array(BLOCK);
    this.count = 0;
    this.isOver = false;
    this.port.onmessage = () => {
      if (this.resampler) this.take(this.resampler.end());
      this.send(true);
      this.isOver = true;
    };
  }

  /** @param {Float32Array[][]} inputs */
  process([[samples]]) {
    if (samples && !this.isOver) this.take(this.resampler ? this.resampler.push(samples) : samples);
    return !this.isOver;
  }

  take(/** @type {Float32Array} */ samples) {
    for (const sample of samples) {
      this.block[this.count] = Math.max(-1, Math.min(1, sample)) * 32767;
      this.count += 1;
      if (this.count === BLOCK) this.send(false);
    }
  }

  send(/** @type {boolean} */ isLast) {
    this.port.postMessage({ sound: this.block.slice(0, this.count), isLast });
    this.count = 0;
  }
}

registerProcessor("microphone", Microphone);
