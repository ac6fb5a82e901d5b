// Finds in texts, and says what replaces the finds. Nothing of the page is in here: a worker runs it.

/** @typedef {{text: string, matchCase: boolean, wholeWord: boolean, regular: boolean}} Query */
/** @typedef {{at: number, from: number, to: number, put: string}} Hit in the text number `at`, with what replaces it */

/**
 * The expression of a query.
 * @param {Query} query
 * @returns {RegExp}
 * @throws {SyntaxError} if it is no regular expression
 */
export function expression({ text, matchCase, wholeWord, regular }) {
  const source = regular ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // \b knows no letters beyond ASCII.
  const whole = wholeWord ? `(?<![\\p{L}\\p{M}\\p{N}_])(?:${source})(?![\\p{L}\\p{M}\\p{N}_])` : source;
  return new RegExp(whole, matchCase ? "gu" : "giu");
}

/**
 * All places where it occurs. In the replacement of a regular expression, $1 stands for its first group.
 * @param {string[]} texts
 * @param {Query} query
 * @param {string} [replacement]
 * @returns {Hit[]}
 */
export function find(texts, query, replacement = "") {
  const wanted = expression(query);
  const hits = [];
  for (const [at, text] of texts.entries()) {
    for (const one of text.matchAll(wanted)) {
      if (!one[0]) continue;
      const put = query.regular ? replacement.replace(/\$(\d|&|\$)/g, (_, name) => (name === "$" ? "$" : (one[name === "&" ? 0 : name] ?? ""))) : replacement;
      hits.push({ at, from: one.index, to: one.index + one[0].length, put });
    }
  }
  return hits;
}
