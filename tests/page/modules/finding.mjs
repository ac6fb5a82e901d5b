// Search and replace, doubts, new words, and the times that people write.
import assert from "node:assert/strict";
import { test } from "node:test";

const { expression, find } = await import("../../../transcriber/page/js/text-search.js");
const { replaced } = await import("../../../transcriber/page/js/searching.js");
const { doubtful, nextDoubt } = await import("../../../transcriber/page/js/doubts.js");
const { newWords } = await import("../../../transcriber/page/js/vocabulary.js");
const { clock, parseClock } = await import("../../../transcriber/page/js/format.js");
const { parseSrt } = await import("../../../transcriber/page/js/srt.js");
const { Peaks } = await import("../../../transcriber/page/js/waveform.js");

const query = (text, more = {}) => ({ text, matchCase: false, wholeWord: false, regular: false, ...more });
const line = (text, key = 1) => ({ key, start: 0, end: 1, text: ` ${text}` });
const count = (text, wanted) => find([text], wanted).length;
const swap = (text, wanted, put, fits = () => true) => replaced(line(text), find([text], wanted, put).filter(fits)).text;

test("plain text is no expression", () => {
  assert.equal(count("a.b axb", query("a.b")), 1);
  assert.equal(count("a.b axb", query("a.b", { regular: true })), 2);
  assert.throws(() => expression(query("(", { regular: true })), SyntaxError);
});

test("case and whole words, also beyond ASCII", () => {
  assert.equal(count("Über über übermorgen", query("über")), 3);
  assert.equal(count("Über über übermorgen", query("über", { matchCase: true })), 2);
  assert.equal(count("Über über übermorgen", query("über", { wholeWord: true })), 2);
});

test("replaces one or all, with groups only in expressions", () => {
  assert.equal(swap("cat cat", query("(c)at", { regular: true }), "$1ow $& $$"), " cow cat $ cow cat $");
  assert.equal(swap("cat cat", query("cat"), "$1"), " $1 $1");
  assert.equal(swap("cat cat", query("cat"), "dog", (hit) => hit.from === 4), " cat dog");
  assert.equal(swap("ab", query("x*", { regular: true }), "-"), " ab");
  assert.deepEqual(find(["one", "two"], query("t")), [{ at: 1, from: 0, to: 1, put: "" }]);
});

test("doubts are words, or whole segments", () => {
  const words = [{ word: " sure", start: 0, end: 1, probability: 0.9 }, { word: " maybe", start: 1, end: 2, probability: 0.4 }];
  assert.deepEqual(doubtful({ ...line("sure maybe"), words }).map(({ from, to }) => [from, to]), [[5, 10]]);
  assert.deepEqual(doubtful({ ...line("all of it"), avg_logprob: -1.2 }), [{ from: 0, to: 9 }]);
  assert.deepEqual(doubtful({ ...line("all of it"), no_speech_prob: 0.7 }), [{ from: 0, to: 9 }]);
  assert.deepEqual(doubtful({ ...line("all of it"), avg_logprob: -1.2, checked: true }), []);
});

test("goes to the next doubt, and around", () => {
  const words = [{ word: " maybe", start: 0, end: 1, probability: 0.1 }];
  const all = [{ ...line("maybe", 1), words }, line("sure", 2), { ...line("maybe", 3), words }];
  assert.equal(nextDoubt(all, 0, 0, 1)?.key, 3);
  assert.equal(nextDoubt(all, 2, 0, 1)?.key, 1);
  assert.equal(nextDoubt(all, 0, 0, -1)?.key, 3);
  assert.equal(nextDoubt([line("sure")], 0, 0, 1), null);
});

test("only words that were not there are new", () => {
  assert.deepEqual(newWords("he met Missus Grim", "he met Mrs Grimmelshausen"), ["Mrs", "Grimmelshausen"]);
  assert.deepEqual(newWords("the cat", "The cat"), []);
});

test("times are read as they are written", () => {
  for (const [seconds, text] of [[7, "0:07"], [754, "12:34"], [3723, "1:02:03"]]) {
    assert.equal(clock(seconds), text);
    assert.equal(parseClock(text), seconds);
  }
  assert.equal(clock(59.996, 2), "1:00.00");
  assert.equal(parseClock("1:23,5"), 83.5);
  for (const wrong of ["", "x", "1:2:3:4", "-1"]) assert.equal(parseClock(wrong), null);
});

test("SRT is read as cues", () => {
  assert.deepEqual(parseSrt("1\r\n00:00:01,500 --> 01:00:02,000\r\na\r\nb\r\n\r\n2\n00:00:03,000 --> 00:00:04,000\nc\n"), [
    { start: 1.5, end: 3602, lines: ["a", "b"] }, { start: 3, end: 4, lines: ["c"] }]);
});

test("the pyramid keeps every peak", () => {
  const values = Array.from({ length: 10_000 }, () => 0.1);
  values[7777] = 1;
  const peaks = new Peaks(values, 20);
  assert.equal(peaks.between(0, 500), 1);
  assert.equal(peaks.between(388, 390), 1);
  assert.ok(peaks.between(0, 100) < 0.2);
  assert.equal(new Peaks([0.1, 0.2], 20).between(0, 0.1), 1);
  assert.ok(new Peaks([0.01], 20).between(0, 0.1) < 0.3);
});
