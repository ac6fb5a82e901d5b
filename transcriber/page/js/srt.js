// Reads subtitles as the program writes them.

/** @typedef {{start: number, end: number, lines: string[]}} Cue */

/** @param {string} text @returns {Cue[]} */
export function parseSrt(text) {
  const time = (/** @type {string} */ stamp) => {
    const [hours, minutes, seconds] = stamp.replace(",", ".").split(":").map(Number);
    return hours * 3600 + minutes * 60 + seconds;
  };
  return text.replace(/\r/g, "").split(/\n\n+/).flatMap((block) => {
    const found = /([\d:,]+) --> ([\d:,]+)\n([\s\S]+)/.exec(block);
    return found ? [{ start: time(found[1]), end: time(found[2]), lines: found[3].trim().split("\n") }] : [];
  });
}
