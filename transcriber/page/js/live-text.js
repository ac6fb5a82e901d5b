// What was said, as text and as subtitles.

/** @typedef {{start: number, end: number, text: string, take: number}} Final a piece; `take` counts the starts */

/** Letters of a line of subtitles, of which there are two. */
const LINE = 42;

/** All of it, a paragraph for each take. */
export function plainText(/** @type {Final[]} */ finals) {
  let text = "";
  finals.forEach((one, n) => {
    text += `${n ? (one.take === finals[n - 1].take ? " " : "\n\n") : ""}${one.text.trim()}`;
  });
  return text;
}

/** Put words into lines that are no longer than this; a longer word has one of its own. */
function lines(/** @type {string} */ text, /** @type {number} */ most) {
  /** @type {string[]} */
  const made = [];
  for (const word of text.trim().split(/\s+/)) {
    const longer = `${made.at(-1)} ${word}`;
    if (made.length && longer.length <= most) made[made.length - 1] = longer;
    else made.push(word);
  }
  return made;
}

/** A long piece is several subtitles, each as long as its part of the letters. */
function cues(/** @type {Final} */ { start, end, text }) {
  const all = lines(text, LINE);
  const pairs = all.flatMap((line, n) => (n % 2 ? [] : [all.slice(n, n + 2).join("\n")]));
  const total = pairs.reduce((sum, pair) => sum + pair.length, 0);
  let from = start;
  return pairs.map((pair) => {
    const to = from + ((end - start) * pair.length) / total;
    const cue = { start: from, end: to, text: pair };
    from = to;
    return cue;
  });
}

/** @param {number} seconds @param {string} point before the fraction */
function stamp(seconds, point) {
  const ms = Math.round(seconds * 1000);
  const two = (/** @type {number} */ value) => String(Math.floor(value) % 60).padStart(2, "0");
  const hours = String(Math.floor(ms / 3600000)).padStart(2, "0");
  return `${hours}:${two(ms / 60000)}:${two(ms / 1000)}${point}${String(ms % 1000).padStart(3, "0")}`;
}

/** @param {Final[]} finals @param {"srt" | "vtt"} format */
export function subtitles(finals, format) {
  const point = format === "srt" ? "," : ".";
  const written = finals.flatMap(cues).map((cue, n) => `${format === "srt" ? `${n + 1}\n` : ""}${stamp(cue.start, point)} --> ${stamp(cue.end, point)}\n${cue.text}\n`);
  return [...(format === "vtt" ? ["WEBVTT\n"] : []), ...written].join("\n");
}
