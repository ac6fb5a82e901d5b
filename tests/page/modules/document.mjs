// Editing, undoing, and segments that arrive meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";

const { TranscriptDocument, newKey, plain } = await import("../../../transcriber/page/js/document.js");
const { insertAfter, mergeNext, removeSegments, replacePassage, setTimes, splitAt, typed } = await import("../../../transcriber/page/js/edits.js");
const { fromDraft, makeDraft } = await import("../../../transcriber/page/js/drafts.js");

const texts = (one) => one.segments.map((segment) => segment.text.trim());
function made(...lines) {
  const text = new TranscriptDocument();
  text.load(lines.map((line, at) => ({ start: at, end: at + 1, text: ` ${line}` })));
  return text;
}
const key = (text, at) => text.segments[at].key;

test("typing is one step of undo", () => {
  const text = made("one", "two");
  for (const written of ["onei", "oneir", "oneiric"]) typed(text, key(text, 0), written);
  assert.deepEqual(texts(text), ["oneiric", "two"]);
  text.undo();
  assert.deepEqual(texts(text), ["one", "two"]);
  text.redo();
  assert.deepEqual(texts(text), ["oneiric", "two"]);
  assert.equal(text.canRedo, false);
});

test("every edit can be undone and redone", () => {
  const edits = [
    (text) => splitAt(text, key(text, 1), 4),
    (text) => mergeNext(text, key(text, 0)),
    (text) => insertAfter(text, 0, 10),
    (text) => insertAfter(text, -1, 10),
    (text) => removeSegments(text, [key(text, 0), key(text, 1)]),
    (text) => removeSegments(text, text.segments.map((one) => one.key)),
    (text) => setTimes(text, key(text, 1), 0.5, 2.5),
    (text) => replacePassage(text, 1, 2, [{ start: 1, end: 1.5, text: " new" }, { start: 1.5, end: 2, text: " text" }]),
    (text) => replacePassage(text, 0, 3, []),
  ];
  for (const edit of edits) {
    const text = made("one", "two and", "three");
    const before = plain(text.segments);
    edit(text);
    const after = plain(text.segments);
    assert.notDeepEqual(after, before, String(edit));
    text.undo();
    assert.deepEqual(plain(text.segments), before, String(edit));
    text.redo();
    assert.deepEqual(plain(text.segments), after, String(edit));
  }
});

test("what arrives touches no edit, and undo does not touch what arrived", () => {
  const text = made("one", "two");
  splitAt(text, key(text, 1), 1);
  typed(text, key(text, 0), "mine");
  text.arrive([{ start: 2, end: 3, text: " three" }]);
  assert.deepEqual(texts(text), ["mine", "t", "wo", "three"]);
  text.undo();
  text.undo();
  assert.deepEqual(texts(text), ["one", "two", "three"]);
  text.redo();
  text.redo();
  assert.deepEqual(texts(text), ["mine", "t", "wo", "three"]);
});

test("what arrives between is put in its place, also below an undo", () => {
  const text = made("one", "two", "three");
  removeSegments(text, [key(text, 1)]);
  text.arrive([{ start: 1.5, end: 1.6, text: " between" }]);
  assert.deepEqual(texts(text), ["one", "between", "three"]);
  text.undo();
  assert.deepEqual(texts(text).sort(), ["between", "one", "three", "two"]);
});

test("arrivals are no change to be saved", () => {
  const text = made("one");
  text.arrive([{ start: 1, end: 2, text: " two" }]);
  assert.equal(text.version, 0);
});

test("neighbours give way to changed times", () => {
  const text = made("one", "two", "three");
  setTimes(text, key(text, 1), 0.5, 2.5);
  assert.deepEqual(text.segments.map((one) => [one.start, one.end]), [[0, 0.5], [0.5, 2.5], [2.5, 3]]);
  setTimes(text, key(text, 1), -5, 99);
  const times = text.segments.flatMap((one) => [one.start, one.end]);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});

test("ten thousand are removed and put back at once", () => {
  const text = made(...Array.from({ length: 10_000 }, (_, at) => `line ${at}`));
  const begin = performance.now();
  text.apply([text.patch([...text.segments], [])]);
  text.undo();
  assert.equal(text.segments.length, 10_000);
  assert.ok(performance.now() - begin < 500);
});

test("a draft holds only what is new, and brings it back", () => {
  const text = made("one", "two", "three", "four");
  const base = [...text.segments];
  typed(text, key(text, 1), "zwei");
  removeSegments(text, [key(text, 2)]);
  const draft = JSON.parse(JSON.stringify(makeDraft(base, text.segments, 3)));
  assert.equal(draft.parts.length, 3);
  const later = [...base, { key: 99, start: 4, end: 5, text: " five" }];
  assert.deepEqual(fromDraft(draft, later).map((one) => one.text), [" one", " zwei", " four", " five"]);
});

test("all segments are replaced, more arrive, and an undo brings back what was there", () => {
  const text = made("one", "two");
  const seen = [];
  text.onChange(({ patches }) => seen.push(...patches), new AbortController().signal);
  text.apply([text.patch(text.segments, text.segments.map((one, at) => (at ? { ...one, key: newKey(), text: " zwei" } : one)))]);
  assert.deepEqual(seen[0].removed.map((one) => one.text), [" one", " two"]);
  text.arrive([{ start: 2, end: 3, text: " three" }]);
  assert.deepEqual(texts(text), ["one", "zwei", "three"]);
  text.undo();
  assert.deepEqual(texts(text), ["one", "two", "three"]);
  text.redo();
  assert.deepEqual(texts(text), ["one", "zwei", "three"]);
});

test("an edit that is named is undone only while it is the last", () => {
  const text = made("one", "two", "three");
  const edit = replacePassage(text, 0, 1, [{ start: 0, end: 1, text: " new" }]);
  typed(text, key(text, 2), "later");
  text.undo(edit);
  assert.deepEqual(texts(text), ["new", "two", "later"]);
  text.undo();
  text.undo(edit);
  assert.deepEqual(texts(text), ["one", "two", "three"]);
  text.undo(edit);
  assert.deepEqual(texts(text), ["one", "two", "three"]);
});

test("what is kept is numbered and has no key", () => {
  const text = made("one", "two");
  removeSegments(text, [key(text, 0)]);
  assert.deepEqual(plain(text.segments), [{ start: 1, end: 2, text: " two", id: 0 }]);
});
