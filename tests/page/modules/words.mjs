// Where words stand, and what becomes of their times when the text is edited.
import assert from "node:assert/strict";
import { test } from "node:test";

const { merged, placeAt, places, shown, split, timeAt, withText, withTimes } = await import("../../../transcriber/page/js/words.js");

const word = (text, start, end, probability = 0.9) => ({ word: text, start, end, probability });
const cat = () => ({ key: 1, start: 1, end: 4, text: " the cat sat", words: [word(" the", 1, 2), word(" cat", 2, 3, 0.2), word(" sat", 3, 4)] });
const said = (segment) => places(segment).map(({ from, to, start, end }) => [shown(segment).slice(from, to), start, end]);
const joined = (segment) => segment.words.map((one) => one.word).join("");

test("places are found in the shown text", () => {
  assert.deepEqual(said(cat()), [["the", 1, 2], ["cat", 2, 3], ["sat", 3, 4]]);
});

test("only the changed word changes, and it counts as checked", () => {
  const next = withText(cat(), "the cats sat");
  assert.deepEqual(said(next), [["the", 1, 2], ["cats", 2, 3], ["sat", 3, 4]]);
  assert.equal(next.words[1].probability, 1);
  assert.equal(next.words[2].probability, 0.9);
  assert.equal(joined(next), next.text);
});

test("letter by letter is like at once", () => {
  let next = cat();
  for (const text of ["the cat", "the cat ", "the cat r", "the cat ra", "the cat ran"]) next = withText(next, text);
  assert.deepEqual(said(next).map(([text]) => text), ["the", "cat", "ran"]);
  assert.equal(joined(next), next.text);
});

test("new words share the time of what they replaced", () => {
  const next = withText(cat(), "the big dog sat");
  assert.deepEqual(said(next), [["the", 1, 2], ["big", 2, 2.5], ["dog", 2.5, 3], ["sat", 3, 4]]);
});

test("a removed word leaves the others alone", () => {
  assert.deepEqual(said(withText(cat(), "the sat")), [["the", 1, 2], ["sat", 3, 4]]);
  assert.deepEqual(withText(cat(), "").words, []);
});

test("a segment without words stays without", () => {
  const next = withText({ key: 1, start: 0, end: 2, text: " a b" }, "a c");
  assert.equal(next.words, undefined);
  assert.equal(next.text, " a c");
});

test("the word of a time, and the time of a place", () => {
  assert.equal(placeAt(cat(), 2.5)?.from, 4);
  assert.equal(placeAt(cat(), 0.5), null);
  assert.equal(timeAt(cat(), 5), 2);
  assert.equal(timeAt({ key: 1, start: 10, end: 20, text: " abcd" }, 2), 15);
});

test("a split keeps each word on its side", () => {
  const [one, two] = split(cat(), 4, () => 2);
  assert.deepEqual([shown(one), shown(two)], ["the", "cat sat"]);
  assert.deepEqual([one.start, one.end, two.start, two.end], [1, 2, 2, 4]);
  assert.deepEqual(said(two), [["cat", 2, 3], ["sat", 3, 4]]);
  assert.equal(joined(one), one.text);
  assert.equal(joined(two), two.text);
  assert.equal(two.key, 2);
});

test("a split within a word loses no letter", () => {
  const [one, two] = split(cat(), 5, () => 2);
  assert.deepEqual([shown(one), shown(two)], ["the c", "at sat"]);
  assert.equal(joined(one), one.text);
  assert.equal(joined(two), two.text);
});

test("split and merge are the way and the way back", () => {
  const [one, two] = split(cat(), 4, () => 2);
  const back = merged(one, two);
  assert.equal(back.text, cat().text);
  assert.deepEqual(said(back), said(cat()));
});

test("Japanese is joined without a blank", () => {
  assert.equal(shown(merged({ key: 1, start: 0, end: 1, text: "はい。" }, { key: 2, start: 1, end: 2, text: "そう" })), "はい。そう");
});

test("times draw the words in", () => {
  const next = withTimes(cat(), 1.5, 3.5);
  assert.deepEqual(next.words.map((one) => [one.start, one.end]), [[1.5, 2], [2, 3], [3, 3.5]]);
});
