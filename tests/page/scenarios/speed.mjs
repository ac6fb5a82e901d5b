// What the first paint needs, and what a letter changes in ten thousand segments. Times are told, and judge
// nothing: machines differ. What is asked for, and what changes, is the same on all.
import assert from "node:assert/strict";
import { caret, mock, open, scenario, sleep, until } from "./browser.mjs";

/** Requests before the first paint: the page, its style and symbol, each module, the texts, and what the program has. */
const REQUESTS = 64;
/** Bytes of their answers, not packed. */
const BYTES = 280_000;
/** Nodes that a letter may touch, whatever the length of the transcript. */
const TOUCHED = 30;

const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
const middle = (all) => all.sort((a, b) => a - b)[all.length >> 1];

/** Type letters into a segment: milliseconds of one, and how many nodes one touched. */
async function type(page, number) {
  await caret(page, number, 0);
  await page.evaluate(() => {
    globalThis.touched = new Set();
    new MutationObserver((all) => all.forEach((one) => [one.target, ...one.addedNodes, ...one.removedNodes].forEach((node) => globalThis.touched.add(node))))
      .observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const times = [];
  const counts = [];
  for (const letter of "abcdefghij") {
    await page.evaluate(() => globalThis.touched.clear());
    const start = performance.now();
    await page.keyboard.type(letter);
    await painted(page);
    times.push(performance.now() - start);
    counts.push(await page.evaluate(() => globalThis.touched.size));
  }
  return { letter: middle(times), touched: Math.max(...counts) };
}

await scenario(async (browser) => {
  const service = await mock("--long", "10000");
  const warm = await open(browser, service.address);
  await until(warm, () => document.querySelector(".job"));
  const page = await open(browser, service.address);
  await until(page, () => performance.getEntriesByName("first-contentful-paint").length);
  const first = await page.evaluate(() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    const before = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource").filter((one) => one.startTime < paint)];
    return { paint, requests: before.length, bytes: before.reduce((sum, one) => sum + one.decodedBodySize, 0) };
  });

  await page.evaluate(() => (location.hash = "#/transcript/j1"));
  await until(page, () => document.querySelectorAll(".segment").length > 5);
  const short = await type(page, 3);

  const begin = Date.now();
  await page.evaluate(() => (location.hash = "#/transcript/j5"));
  await page.waitForFunction(() => document.querySelectorAll(".segment").length > 9000, { timeout: 60_000 });
  await painted(page);
  const shown = Date.now() - begin;
  const long = await type(page, 5000);

  // It plays, and the page scrolls: the longest frame that somebody would notice.
  await page.$eval("audio", (audio) => audio.play());
  await sleep(500);
  const frames = await page.evaluate(async () => {
    const all = [];
    let last = performance.now();
    for (let i = 0; i < 90; i += 1) {
      scrollBy(0, 400);
      await new Promise(requestAnimationFrame);
      all.push(performance.now() - last);
      last = performance.now();
    }
    return all.sort((a, b) => a - b);
  });
  const result = { first, shown, short, long, frame: frames[85], worst: frames.at(-1) };
  console.log(JSON.stringify(result, (_, value) => (typeof value === "number" ? Math.round(value) : value)));
  assert.ok(first.requests <= REQUESTS, "requests before the first paint");
  assert.ok(first.bytes <= BYTES, "bytes before the first paint");
  assert.ok(long.touched <= TOUCHED, "nodes that a letter touches");
  page.check();
  await service.stop();
});
