// axe-core finds nothing on any page, light and dark, wide and narrow, in each language, with dialogs and menus open.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { axePath, firefox, mock, open, press, scenario, sleep, until } from "./browser.mjs";

const axe = await readFile(axePath, "utf-8");
const texts = async (language) => JSON.parse(await readFile(new URL(`../../../transcriber/page/locales/${language}.json`, import.meta.url), "utf-8"));

/** Of each language, how it is shown; in Firefox, the layout alone may differ. */
const LOOKS = firefox ? { en: [["light", 1280], ["dark", 360]] } : {
  en: [["light", 1280], ["dark", 1280], ["light", 360], ["dark", 360]],
  de: [["light", 1280], ["dark", 360]],
  fr: [["light", 1280], ["dark", 360]],
};

const wait = (selector) => (page) => until(page, (what) => document.querySelector(what)?.checkVisibility(), selector);
const VIEWS = {
  files: ["#/files", wait(".job")],
  options: ["#/files", async (page) => {
    await wait(".own > summary")(page);
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.click(".job .pick input");
  }],
  transcript: ["#/transcript/j1", async (page, words) => {
    await wait(".segment")(page);
    await page.focus(".segment.current .text");
    await press(page, words["toggle.showSubtitles"], ".tool-bar");
    await press(page, words.search);
    await page.type(".search-bar input", "man");
    await wait(".cue")(page);
  }],
  menu: ["#/transcript/j1", async (page, words) => {
    await wait(".segment")(page);
    await press(page, words.export);
    await wait(".menu")(page);
  }],
  passage: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await page.keyboard.press("F9");
    await wait("dialog[open]")(page);
  }],
  live: ["#/live", async (page) => {
    await wait(".lamp")(page);
    await page.evaluate(async () => {
      document.querySelector(".page-live details").open = true;
      const { clear, live } = await import("/js/live-session.js");
      clear();
      live.finals = [{ start: 0, end: 1, text: "It is said.", take: 1 }];
      Object.assign(live, { partial: "and not yet", problem: "No microphone." , behind: 9 });
    });
    await page.evaluate(() => (location.hash = "#/models"));
    await wait(".models tbody tr")(page);
    await page.evaluate(() => (location.hash = "#/live"));
    await wait(".page-live .fields label:nth-child(4) select")(page);
  }],
  stage: ["#/live", async (page, words) => {
    await wait(".lamp")(page);
    await page.evaluate(async () => (await import("/js/live-session.js")).live.finals.push({ start: 0, end: 1, text: "It is said.", take: 1 }));
    // A window that fills the screen cannot be made narrow, which Firefox's driver waits for.
    await page.evaluate(() => (Element.prototype.requestFullscreen = async () => {}));
    await press(page, words["live.stage"]);
    await wait(".captions p")(page);
  }],
  models: ["#/models", wait(".models tbody tr")],
  settings: ["#/settings", wait(".findings li")],
  keys: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await page.keyboard.type("?");
    await wait("dialog[open]")(page);
  }],
};

/** Show the page so; WebDriver has no word for the scheme, but the page can be told. */
async function show(page, scheme, width) {
  if (firefox) await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), scheme);
  else await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await page.setViewport({ width, height: 860 });
  await sleep(250);
}

await scenario(async (browser) => {
  const service = await mock();
  const found = [];
  let looked = 0;
  for (const [language, looks] of Object.entries(LOOKS)) {
    const words = await texts(language);
    for (const [name, [hash, prepare]] of Object.entries(VIEWS)) {
      const page = await open(browser, service.address, hash, { language });
      await prepare(page, words);
      // Not through the page: its policy forbids foreign scripts.
      await page.evaluate(axe);
      for (const [scheme, width] of looks) {
        await show(page, scheme, width);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        const place = `${name} ${language} ${scheme} ${width}`;
        for (const one of violations) found.push(`${place}: ${one.impact} ${one.id}: ${one.nodes.slice(0, 2).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${place}: scrolls sideways by ${wide}`);
        looked += 1;
      }
      page.check();
      await page.close();
    }
  }
  await service.stop();
  console.log(`${looked} views`);
  assert.deepEqual(found, []);
});
