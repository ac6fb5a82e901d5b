// An expression that would search for ever leaves the page alive, and is told; what can be found is replaced.
import assert from "node:assert/strict";
import { api, lines, mock, open, press, scenario, until } from "./browser.mjs";

await scenario(async (browser) => {
  const service = await mock();
  // Forty letters: two to the fortieth ways to cut them.
  const found = await api(service.address, "GET", "jobs/j1/transcript");
  found.segments[0].text = ` ${"a".repeat(40)}!`;
  await api(service.address, "PUT", "jobs/j1/transcript", found);
  const page = await open(browser, service.address, "#/transcript/j1");
  await until(page, () => document.querySelectorAll(".segment").length > 5);
  const count = (text) => until(page, (wanted) => document.querySelector(".count").textContent === wanted, text);
  const search = async (text) => {
    await page.$eval(".search-bar input", (input, value) => {
      input.value = value;
      input.dispatchEvent(new Event("input"));
    }, text);
  };

  await press(page, "Search");
  await press(page, "Regular expression", ".search-bar");
  await search("(a+)+b");
  // The page answers meanwhile: held, it would not within the driver's three minutes.
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await count("Takes too long: simplify the expression");
  assert.equal(await page.$eval(".search-bar input", (input) => input.validity.customError), true);
  await press(page, "Replace all", ".search-bar");

  // What was begun and is not wanted any more is not waited for.
  await search("(a+)+c");
  await search("(a+)+d");
  await search("(a+)!");
  await count("1 of 1");
  assert.equal(await page.$eval(".search-bar input", (input) => input.validity.customError), false);
  await page.type(".search-bar input[type=text]", "$1?");
  await press(page, "Replace", ".search-bar");
  await until(page, () => document.querySelector(".segment .text").textContent.endsWith("a?"));
  await count("0 of 0");

  await search("(");
  await count("Not a valid expression");
  await search("");
  await count("");
  assert.equal((await lines(page))[0], `${"a".repeat(40)}?`);
  page.check();
  await service.stop();
});
