// What was heard, kept until the reader drops it: an hour takes 115 MB, which browsers put on the disk.

const RATE = 16000;

/** Blocks that become one part: a minute of them. */
const MANY = 600;

/** @type {Blob[]} */
let parts = [];
/** @type {Int16Array[]} */
let blocks = [];
let samples = 0;

export const heardSeconds = () => samples / RATE;

/** Keep a block. */
export function keepSound(/** @type {Int16Array} */ block) {
  samples += block.length;
  blocks.push(block);
  if (blocks.length < MANY) return;
  parts.push(new Blob(/** @type {any} */ (blocks)));
  blocks = [];
}

export function dropSound() {
  [parts, blocks, samples] = [[], [], 0];
}

/** All of it as a WAV file. */
export const soundFile = (/** @type {string} */ name) =>
  new File(/** @type {any} */ ([waveHead(2 * samples), ...parts, ...blocks]), name, { type: "audio/wav" });

/**
 * What stands before the samples in a WAV file: 16 kHz, 16 bits, one channel.
 * @param {number} size of the samples, in bytes
 */
export function waveHead(size) {
  const head = new DataView(new ArrayBuffer(44));
  const word = (/** @type {number} */ at, /** @type {string} */ text) => [...text].forEach((one, n) => head.setUint8(at + n, one.charCodeAt(0)));
  word(0, "RIFF");
  head.setUint32(4, 36 + size, true);
  word(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, RATE, true);
  head.setUint32(28, 2 * RATE, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  word(36, "data");
  head.setUint32(40, size, true);
  return head;
}
