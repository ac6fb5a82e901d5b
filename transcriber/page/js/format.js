// Times, sizes and numbers as people read them.

import { pageLanguage, t } from "./i18n.js";

/**
 * A time in a recording: 0:07, 12:34, 1:02:03.
 * @param {number} seconds
 * @param {number} [digits] of the fraction
 */
export function clock(seconds, digits = 0) {
  const factor = 10 ** digits;
  // Rounded first: 59.99 must not become 0:60.
  const total = Math.max(0, digits ? Math.round(seconds * factor) / factor : Math.floor(seconds));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = (total % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * Read a time that somebody typed: "83.5", "1:23.5", "1:02:03,25".
 * @param {string} text
 * @returns {number | null} seconds, or null if it is no time
 */
export function parseClock(text) {
  const found = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(text.trim());
  if (!found) return null;
  return Number(found[1] ?? 0) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3].replace(",", "."));
}

/** A length for people: "45 s", "12 min", "1 h 5 min". */
export function span(/** @type {number} */ seconds) {
  if (seconds < 60) return t("time.seconds", { s: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t("time.minutes", { m: minutes });
  return t("time.hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** Bytes in decimal units, as disks are sold. */
export function bytes(/** @type {number} */ count) {
  const units = ["kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(2, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3) - 1));
  const value = count / 1000 ** (step + 1);
  const digits = value < 10 ? 1 : 0;
  return number(value, { style: "unit", unit: units[step], maximumFractionDigits: digits });
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 */
export const number = (value, options) => value.toLocaleString(pageLanguage(), options);

/** A part of one as "42 %", in the reader's way. */
export const percent = (/** @type {number} */ part) => number(Math.floor(part * 100) / 100, { style: "percent" });

/** A recording's name without its ending. */
export const stem = (/** @type {string} */ name) => name.replace(/\.[^.]{1,5}$/, "");
