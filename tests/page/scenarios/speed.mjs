// The first paint, and ten thousand segments without lag.
import assert from "node:assert/strict";
import { caret, mock, open, scenario, sleep, until } from "./browser.mjs";

/** Milliseconds; the machine that tests is slower than a desktop, and other tests run beside. */
const PAINT = 300;
const SHOWN = 2500;
const LETTER = 60;
const FRAME = 120;

await scenario(async (browser) => {
  const service = await mock("--long", "10000");
  const warm = await open(browser, service.address);
  await until(warm, () => document.querySelector(".job"));
  const page = await open(browser, service.address);
  await until(page, () => performance.getEntriesByName("first-contentful-paint").length);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);

  const begin = Date.now();
  await page.evaluate(() => (location.hash = "#/transcript/j5"));
  await page.waitForFunction(() => document.querySelectorAll(".segment").length > 9000, { timeout: 20_000 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  const shown = Date.now() - begin;

  await caret(page, 5000, 0);
  const letters = [];
  for (const letter of "abcdefghij") {
    const start = performance.now();
    await page.keyboard.type(letter);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    letters.push(performance.now() - start);
  }
  letters.sort((a, b) => a - b);

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
  const result = { paint, shown, letter: letters[5], frame: frames[85], worst: frames.at(-1) };
  console.log(JSON.stringify(result));
  assert.ok(paint < PAINT && shown < SHOWN && letters[5] < LETTER && frames[85] < FRAME, JSON.stringify(result));
  page.check();
  await service.stop();
});
