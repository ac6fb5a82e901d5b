// Models, settings, languages, keys and focus.
import assert from "node:assert/strict";
import { api, mock, open, press, scenario, until } from "./browser.mjs";

await scenario(async (browser) => {
  const service = await mock();
  const page = await open(browser, service.address, "#/models", { allow: [/400/] });
  const row = (name, wanted) => until(page, (model, text) => document.querySelector(`tr[data-name="${model}"]`)?.innerText.includes(text), name, wanted);

  await row("small", "Not stored");
  await press(page, "Download small");
  await until(page, () => document.querySelector("tr[data-name=small] progress")?.value > 0);
  await row("small", "Stored");
  await press(page, "Make default: small");
  await row("small", "Default");
  assert.equal((await api(service.address, "GET", "state")).model, "small");
  await press(page, "Download turbo");
  await press(page, "Cancel the download of turbo");
  await row("turbo", "Not stored");
  await press(page, "Remove base");
  await press(page, "Remove", "dialog footer");
  await row("base", "Not stored");

  // Focus goes to the heading of a page that was chosen.
  await page.click("nav a[data-page=settings]");
  await until(page, () => document.activeElement.tagName === "H1" && document.title.startsWith("Settings"));
  await until(page, () => document.querySelectorAll(".doctor > .findings li").length === 2 && document.querySelectorAll(".doctor details li").length === 4);
  await until(page, () => document.querySelector(".verdict").textContent === "1 problem was found.");

  // Defaults are saved, and the Files page knows them.
  await until(page, () => document.querySelectorAll(".columns .fields").length > 1);
  await page.select(".columns .fields:not(.two) select", "tiny");
  await press(page, "Save the defaults");
  await until(page, () => document.querySelector(".notice")?.textContent.includes("saved"));
  assert.deepEqual((await api(service.address, "GET", "defaults")).options, { model: "tiny" });
  await page.click("nav a[data-page=files]");
  await until(page, () => document.querySelector(".options .fields option")?.textContent.includes("tiny"));

  // The page speaks another language at once, and remembers.
  await page.click("nav a[data-page=settings]");
  await until(page, () => document.querySelector("select[data-role=language]"));
  await page.select("select[data-role=language]", "fr");
  await until(page, () => document.querySelector("h1").textContent === "Réglages" && document.documentElement.lang === "fr");
  await page.reload();
  await until(page, () => document.querySelector("h1")?.textContent === "Réglages");
  await page.select("select[data-role=language]", "en");
  await until(page, () => document.querySelector("h1").textContent === "Settings");
  await page.evaluate(() => {
    const theme = document.querySelector(".columns select");
    theme.value = "dark";
    theme.dispatchEvent(new Event("change"));
  });
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");

  // "?" lists the keys, Escape leaves; the first Tab reaches the way to the content.
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.type("?");
  await until(page, () => document.querySelector("dialog[open] kbd"));
  await page.keyboard.press("Escape");
  await until(page, () => !document.querySelector("dialog"));

  // In the list of files, one row is in the order of Tab, and arrows go to the others.
  await page.click("nav a[data-page=files]");
  await until(page, () => document.querySelectorAll(".job").length >= 4);
  assert.equal(await page.$$eval(".job [tabindex='0']", (all) => new Set(all.map((one) => one.closest(".job"))).size), 1);
  await page.focus(".job a");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => [...document.querySelectorAll(".job")].indexOf(document.activeElement.closest(".job"))), 1);
  await page.keyboard.press("Enter");
  await until(page, () => location.hash.startsWith("#/transcript/"));
  page.check();
  await service.stop();
});
