// Text and sound of whoever speaks: paragraphs, subtitles, the head of a WAV file, other rates.
import assert from "node:assert/strict";
import { test } from "node:test";

const { plainText, subtitles } = await import("../../../transcriber/page/js/live-text.js");
const { dropSound, heardSeconds, keepSound, soundFile, waveHead } = await import("../../../transcriber/page/js/live-sound.js");
const { Resampler } = await import("../../../transcriber/page/js/live-resample.js");

const piece = (start, end, text, take = 1) => ({ start, end, text, take });

test("each take is a paragraph", () => {
  assert.equal(plainText([]), "");
  assert.equal(plainText([piece(0, 1, "One."), piece(1, 2, " Two. "), piece(5, 6, "Three.", 2)]), "One. Two.\n\nThree.");
});

test("subtitles are numbered in SRT, and headed in WebVTT", () => {
  const finals = [piece(0.5, 2, "Grüße."), piece(3661.25, 3662.9996, "An hour later.")];
  assert.equal(subtitles(finals, "srt"), "1\n00:00:00,500 --> 00:00:02,000\nGrüße.\n\n2\n01:01:01,250 --> 01:01:03,000\nAn hour later.\n");
  assert.equal(subtitles(finals, "vtt"), "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nGrüße.\n\n01:01:01.250 --> 01:01:03.000\nAn hour later.\n");
  assert.equal(subtitles([], "vtt"), "WEBVTT\n");
});

test("a long piece is several subtitles of two lines", () => {
  const words = Array.from({ length: 60 }, (_, n) => `word${n}`);
  const cues = subtitles([piece(10, 40, words.join(" "))], "vtt").split("\n\n").slice(1).map((cue) => cue.trim().split("\n"));
  assert.ok(cues.length > 3);
  assert.ok(cues.every(([, ...lines]) => lines.length <= 2 && lines.every((line) => line.length <= 42)));
  assert.equal(cues.flatMap(([, ...lines]) => lines).join(" "), words.join(" "));
  assert.ok(cues[0][0].startsWith("00:00:10.000") && cues.at(-1)[0].endsWith("00:00:40.000"));
  cues.slice(1).forEach(([time], n) => assert.equal(time.slice(0, 12), cues[n][0].slice(-12)));
});

test("the head of a WAV file counts what follows", () => {
  const head = waveHead(32000);
  assert.equal(head.byteLength, 44);
  assert.equal(Buffer.from(head.buffer).toString("latin1", 0, 4), "RIFF");
  assert.deepEqual([head.getUint32(4, true), head.getUint32(24, true), head.getUint32(28, true), head.getUint32(40, true)], [32036, 16000, 32000, 32000]);
});

test("what was heard is kept in its order, until it is dropped", async () => {
  // More than a minute, which becomes one part.
  for (let n = 0; n < 1300; n += 1) keepSound(new Int16Array(1600).fill(n));
  keepSound(new Int16Array([7, 8]));
  assert.equal(heardSeconds(), 130 + 2 / 16000);
  const file = soundFile("Live.wav");
  assert.deepEqual([file.name, file.type, file.size], ["Live.wav", "audio/wav", 44 + 1300 * 3200 + 4]);
  const content = new DataView(await file.arrayBuffer());
  assert.equal(content.getUint32(40, true), file.size - 44);
  for (const n of [0, 599, 600, 1299]) assert.equal(content.getInt16(44 + n * 3200, true), n);
  assert.equal(content.getInt16(file.size - 2, true), 8);
  dropSound();
  assert.equal(heardSeconds(), 0);
  assert.equal(soundFile("Live.wav").size, 44);
});

/** A tone in blocks as they come to a worklet, at another rate. */
function resampled(from, hertz, seconds = 1) {
  const resampler = new Resampler(from, 16000);
  const made = [];
  for (let at = 0; at < from * seconds; at += 128) {
    const count = Math.min(128, from * seconds - at);
    made.push(...resampler.push(Float32Array.from({ length: count }, (_, n) => Math.sin((2 * Math.PI * hertz * (at + n)) / from))));
  }
  return [...made, ...resampler.end()];
}

for (const from of [8000, 44100, 48000, 96000]) {
  test(`${from} Hz becomes 16000 Hz, as long and without a shift`, () => {
    const made = resampled(from, 1000);
    assert.ok(Math.abs(made.length - 16000) <= 1, String(made.length));
    const wrong = made.slice(100, -100).map((sample, n) => sample - Math.sin((2 * Math.PI * 1000 * (n + 100)) / 16000));
    assert.ok(Math.max(...wrong.map(Math.abs)) < 0.02, String(Math.max(...wrong.map(Math.abs))));
  });
}

test("what the lower rate cannot hold is not mirrored", () => {
  assert.ok(Math.max(...resampled(48000, 11000).slice(100, -100).map(Math.abs)) < 0.01);
});
