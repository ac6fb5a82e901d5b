// A transcript is read, corrected, split, merged, undone and saved, while it plays and while more arrives.
import assert from "node:assert/strict";
import { api, caret, lines, mock, open, paste, press, scenario, sleep, until } from "./browser.mjs";

const saved = (page) => until(page, () => document.querySelector(".save-state").textContent === "Saved");
const kept = async (address, id) => (await api(address, "GET", `jobs/${id}/transcript`)).segments.map((one) => one.text.trim());

await scenario(async (browser) => {
  const service = await mock("--pace", "10");
  const { address } = service;
  const page = await open(browser, address, "#/transcript/j1");
  await until(page, () => document.querySelectorAll(".segment").length > 10);
  const first = await lines(page);

  // Typed, saved, and there after a reload.
  await caret(page, 1, first[1].length);
  await page.keyboard.type(" Indeed");
  await saved(page);
  assert.equal((await kept(address, "j1"))[1], `${first[1]} Indeed`);
  await page.reload();
  await until(page, () => document.querySelectorAll(".segment").length > 10);
  assert.equal((await lines(page))[1], `${first[1]} Indeed`);

  // Enter splits, Backspace at the start merges, Ctrl+Z takes both back, Ctrl+Shift+Z brings them again.
  await caret(page, 0, 4);
  await page.keyboard.press("Enter");
  assert.deepEqual((await lines(page)).slice(0, 2), [first[0].slice(0, 3), first[0].slice(4)]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), first[0].slice(4));
  await page.keyboard.press("Backspace");
  assert.equal((await lines(page))[0], first[0]);
  assert.equal(await page.evaluate(() => getSelection().anchorOffset), 4);
  for (let i = 0; i < 2; i += 1) {
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
  }
  assert.equal((await lines(page))[0], first[0]);
  await page.keyboard.down("Control");
  await page.keyboard.down("Shift");
  await page.keyboard.press("Z");
  await page.keyboard.up("Shift");
  await page.keyboard.up("Control");
  assert.equal((await lines(page))[0], first[0].slice(0, 3));
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");

  // Insert, remove, and times that are typed.
  await caret(page, 0, 0);
  await page.keyboard.down("Alt");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Alt");
  await page.keyboard.type("New one");
  assert.equal((await lines(page))[1], "New one");
  await page.keyboard.down("Alt");
  await page.keyboard.press("Delete");
  await page.keyboard.up("Alt");
  assert.equal((await lines(page))[1], `${first[1]} Indeed`);
  await page.keyboard.press("F2");
  await until(page, () => document.querySelector("dialog[open]"));
  await page.$eval("dialog input", (input) => (input.value = "9"));
  await press(page, "Set", "dialog");
  await until(page, () => document.querySelector("dialog .wrong").checkVisibility());
  await page.$eval("dialog input", (input) => (input.value = "0:06.00"));
  await press(page, "Set", "dialog");
  await until(page, () => !document.querySelector("dialog"));
  assert.equal(await page.evaluate(() => document.querySelectorAll(".time")[1].textContent), "0:06");

  // A border is dragged on the waveform.
  await caret(page, 0, 0);
  const before = (await api(address, "GET", "jobs/j1/transcript")).segments[0].end;
  const box = await (await page.$(".near")).boundingBox();
  const at = (seconds) => box.x + (seconds / 45) * box.width;
  const end = await page.evaluate(() => 0) + before;
  await saved(page);
  const now = (await api(address, "GET", "jobs/j1/transcript")).segments[0].end;
  await page.mouse.move(at(now), box.y + 20);
  await page.mouse.down();
  await page.mouse.move(at(now - 1), box.y + 20, { steps: 5 });
  await page.mouse.up();
  await sleep(1200);
  await saved(page);
  const moved = (await api(address, "GET", "jobs/j1/transcript")).segments[0].end;
  assert.ok(Math.abs(moved - (now - 1)) < 0.15, `${end} ${now} ${moved}`);

  // Search and replace all, with one undo.
  await page.keyboard.down("Control");
  await page.keyboard.press("f");
  await page.keyboard.up("Control");
  await page.type(".search-bar input", "ill-disposed");
  await until(page, () => / of [2-9]/.test(document.querySelector(".count").textContent));
  await page.type(".search-bar input[type=text]", "wicked");
  await press(page, "Replace all");
  await until(page, () => !document.querySelector(".segments").innerText.includes("ill-disposed"));
  await press(page, "Undo", ".notice");
  await until(page, () => document.querySelector(".segments").innerText.includes("ill-disposed"));
  // Only the last edit: after another, it is no longer offered.
  await press(page, "Replace all");
  await until(page, () => document.querySelector(".notice"));
  await caret(page, 0, 0);
  await page.keyboard.type("More ");
  assert.equal(await page.$(".notice"), null);
  for (let i = 0; i < 2; i += 1) {
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
  }
  assert.ok((await page.$eval(".segments", (all) => all.innerText)).includes("ill-disposed"));
  await press(page, "Close", ".search-bar");

  // A newline that is pasted is a blank, and markup is text.
  await caret(page, 2, 0);
  await paste(page, { text: "<b>bold</b>\nand " });
  assert.ok((await lines(page))[2].startsWith("<b>bold</b> and "), (await lines(page))[2]);
  assert.equal(await page.$(".segment b"), null);

  // Doubts: the next one gets the caret, and "this is right" ends it.
  await until(page, () => Number(document.querySelector(".doubt-count").dataset.n) > 0);
  const doubts = await page.$eval(".doubt-count", (one) => Number(one.dataset.n));
  await page.keyboard.press("F8");
  assert.ok((await page.evaluate(() => getSelection().toString())).length > 0);
  await press(page, "This is right: no more doubt");
  await until(page, (n) => Number(document.querySelector(".doubt-count").dataset.n) < n, doubts);
  await sleep(500);
  await saved(page);
  page.check();

  // While the rest still runs: what arrives leaves the edit alone, and both are kept.
  const { jobs } = await api(address, "GET", "jobs");
  await api(address, "POST", `jobs/${jobs[0].id}/again`);
  await page.evaluate((id) => (location.hash = `#/transcript/${id}`), jobs[0].id);
  await page.reload();
  await until(page, () => document.querySelectorAll(".segment").length > 1);
  await caret(page, 0, 0);
  const count = (await lines(page)).length;
  for (const letter of "Slowly typed ") {
    await page.keyboard.type(letter);
    await sleep(60);
  }
  await until(page, (n) => document.querySelectorAll(".segment").length > n, count);
  assert.ok((await lines(page))[0].startsWith("Slowly typed "), (await lines(page))[0]);
  assert.equal(await page.evaluate(() => getSelection().anchorOffset), "Slowly typed ".length);
  await saved(page);

  // The page is left while it runs: what is decoded then comes behind what was saved.
  await page.evaluate(() => (location.hash = "#/files"));
  await until(page, (job) => document.querySelector(`.job-name[href="#/transcript/${job}"]`)?.closest(".job").innerText.includes("Done"), jobs[0].id);
  await page.evaluate((job) => (location.hash = `#/transcript/${job}`), jobs[0].id);
  await until(page, () => document.querySelectorAll(".segment").length > 5);
  const all = await lines(page);
  assert.ok(all[0].startsWith("Slowly typed "));
  assert.deepEqual(await kept(address, jobs[0].id), all);
  const again = all.map((line) => line.replace("Slowly typed ", ""));
  assert.deepEqual(again, [...first.slice(0, again.length)]);
  assert.equal(again.length, first.length);
  page.check();
  await service.stop();
});
