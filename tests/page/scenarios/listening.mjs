// The word that is spoken is lit, a click plays, and the page scrolls until the reader does.
import assert from "node:assert/strict";
import { caret, mock, open, press, scenario, sleep, until } from "./browser.mjs";

const lit = (page) => page.evaluate(() => [...CSS.highlights.get("spoken")].map((range) => range.startContainer.data.slice(range.startOffset, range.endOffset)).join());
const time = (page) => page.$eval("audio", (audio) => audio.currentTime);

await scenario(async (browser) => {
  const service = await mock("--long", "300");
  const page = await open(browser, service.address, "#/transcript/j5");
  await until(page, () => document.querySelectorAll(".segment").length > 250);
  await until(page, () => document.querySelector("audio").readyState > 0);

  // Space plays and pauses; words follow each other.
  await page.keyboard.press(" ");
  await until(page, () => CSS.highlights.get("spoken").size === 1);
  const one = await lit(page);
  await until(page, (word) => [...CSS.highlights.get("spoken")].some((range) => range.startContainer.data.slice(range.startOffset, range.endOffset) !== word), one);
  assert.ok(await page.$(".segment.playing"));
  await page.keyboard.press(" ");
  assert.equal(await page.$eval("audio", (audio) => audio.paused), true);

  // A click on a word plays it; without "Click plays" it only puts the caret there.
  const word = await page.evaluate(() => {
    const { firstChild } = document.querySelectorAll(".segment .text")[2];
    const range = document.createRange();
    range.setStart(firstChild, firstChild.data.indexOf("young"));
    range.setEnd(firstChild, firstChild.data.indexOf("young") + 5);
    const { x, y, width, height } = range.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  });
  await page.mouse.click(word.x, word.y);
  await until(page, () => [...CSS.highlights.get("spoken")].some((range) => range.startContainer.data.slice(range.startOffset, range.endOffset) === "young"));
  await page.keyboard.down("Control");
  await page.keyboard.press(" ");
  await page.keyboard.up("Control");
  assert.equal(await page.$eval("audio", (audio) => audio.paused), true);
  await press(page, "Click plays");
  const before = await time(page);
  await page.mouse.click(word.x - 200, word.y);
  assert.equal(await time(page), before);

  // Editing goes on while it plays.
  await page.keyboard.down("Control");
  await page.keyboard.press(" ");
  await page.keyboard.up("Control");
  await caret(page, 3, 0);
  await page.keyboard.type("X");
  assert.equal(await page.$eval("audio", (audio) => audio.paused), false);
  await page.evaluate(() => document.activeElement.blur());

  // The page follows, until somebody scrolls; a button brings it back.
  await page.$eval("audio", (audio) => (audio.currentTime = 700));
  await until(page, () => {
    const row = document.querySelector(".segment.playing")?.getBoundingClientRect();
    return row && row.top > 100 && row.bottom < innerHeight;
  });
  await page.mouse.move(400, 600);
  await page.mouse.wheel({ deltaY: -3000 });
  await until(page, () => document.querySelector(".follow").checkVisibility());
  await sleep(200);
  const place = await page.evaluate(() => scrollY);
  await page.$eval("audio", (audio) => (audio.currentTime = 1200));
  await sleep(600);
  assert.ok(Math.abs((await page.evaluate(() => scrollY)) - place) < 40);
  await press(page, "Back to the spoken word");
  await until(page, () => {
    const row = document.querySelector(".segment.playing")?.getBoundingClientRect();
    return row && row.top > 100 && row.bottom < innerHeight;
  });

  // Skips, rates, and the waveform by keys.
  await page.$eval("audio", (audio) => audio.pause());
  const now = await time(page);
  await page.keyboard.down("Alt");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.up("Alt");
  assert.ok(Math.abs((await time(page)) - now + 5) < 0.1);
  await page.keyboard.press("]");
  assert.equal(await page.$eval("audio", (audio) => audio.playbackRate), 1.25);
  await page.focus(".wave");
  await page.keyboard.press("Home");
  await until(page, () => document.querySelector(".wave").getAttribute("aria-valuenow") === "0");
  await page.keyboard.press("PageUp");
  await until(page, () => document.querySelector(".wave").getAttribute("aria-valuetext") === "0:30");

  // Subtitles are cut by the program, and cut again after an edit.
  await press(page, "Subtitles", ".tool-bar");
  await until(page, () => document.querySelectorAll(".cue").length > 30 && Number(document.querySelector(".side .muted").textContent.split(" ")[0]) > 100);
  await page.select(".side select", "words");
  await until(page, () => Number(document.querySelector(".side .muted").textContent.split(" ")[0]) > 2000);
  await page.select(".side select", "standard");
  await caret(page, 0, 0);
  await page.keyboard.type("Zebra ");
  await until(page, () => document.querySelector(".cue")?.textContent.includes("Zebra"));
  await page.keyboard.press("Tab");
  await until(page, () => document.querySelector("[aria-label='Corrected words']").checkVisibility());
  await press(page, "Keep for next time");
  await page.goto(`${service.address}#/files`);
  await until(page, () => document.querySelector(".suggestion")?.textContent.includes("Zebra"));
  page.check();
  await service.stop();
});
