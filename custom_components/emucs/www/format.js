// Numbers and times as the user has set them in the profile.

import { languageOf } from "./texts.js";

const NUMBER_LOCALES = { comma_decimal: ["en-US"], decimal_comma: ["de"], space_comma: ["fr"], system: undefined };
const LARGE = 100; // kW
const MONDAY = Date.UTC(1970, 0, 5);
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ZONE = "Europe/Brussels";
const FORMATTERS = new Map();

/** A power in kW: `3.42 kW`, or `–`. */
export function formatPower(hass, kilowatts, digits = 2) {
  return kilowatts === null ? "–" : `${formatNumber(hass, kilowatts, digits)}\u00a0kW`;
}

/** A power in W, or in kW where it is more than a house draws: `3,420 W`, or `–`. */
export function formatWatts(hass, kilowatts) {
  const isLarge = Math.abs(kilowatts) >= LARGE;
  return kilowatts === null || isLarge ? formatPower(hass, kilowatts, 1) : `${formatNumber(hass, kilowatts * 1000, 0)}\u00a0W`;
}

/** A number with a fixed count of decimals. */
export function formatNumber(hass, number, digits) {
  const format = hass.locale?.number_format ?? "language";
  const locales = format in NUMBER_LOCALES ? NUMBER_LOCALES[format] : format === "none" ? "en-US" : languageOf(hass);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: format !== "none" };
  // Not below zero by less than is shown.
  const rounded = Number(number.toFixed(digits)) || 0;
  return new Intl.NumberFormat(locales, options).format(rounded);
}

/** An amount of money. */
export function formatEuros(hass, euros) {
  return new Intl.NumberFormat(languageOf(hass), { style: "currency", currency: "EUR" }).format(euros);
}

/** The first day of the month after the one that a moment is in. */
export function formatNextMonth(hass, moment) {
  const [, running] = latestMonths(moment, 2);
  const [year, month] = running.split("-").map(Number);
  return new Intl.DateTimeFormat(languageOf(hass), { day: "numeric", month: "long", timeZone: "UTC" }).format(Date.UTC(year, month, 1));
}

/** Seconds as `m:ss`. */
export function formatSeconds(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A month, `2026-11`, in the width that Intl names. */
export function formatMonth(hass, month, width) {
  const options = { month: width, timeZone: "UTC", ...(width === "long" && { year: "numeric" }) };
  return new Intl.DateTimeFormat(languageOf(hass), options).format(new Date(`${month}-01T00:00:00Z`));
}

/** When a quarter ended, by the clock of the meter; nothing where that is not known. */
export function formatTime(hass, iso) {
  const moment = Date.parse(iso);
  if (Number.isNaN(moment)) {
    return "";
  }
  const twelve = { 12: true, 24: false }[hass.locale?.time_format];
  const options = { dateStyle: "medium", timeStyle: "short", timeZone: ZONE, ...(twelve !== undefined && { hour12: twelve }) };
  return new Intl.DateTimeFormat(languageOf(hass), options).format(moment);
}

/** A time of day, by the minutes since midnight: `18:15`. */
export function formatClock(hass, minutes) {
  return formatHour(hass, minutes * 60_000, "UTC");
}

/** A time of day, by the clock of the meter: `18:15`. */
export function formatTimeOfDay(hass, moment) {
  return formatHour(hass, moment, ZONE);
}

function formatHour(hass, moment, timeZone) {
  const language = languageOf(hass);
  const isTwelve = { 12: true, 24: false }[hass.locale?.time_format] ?? formatterOf(language, { hour: "numeric" }).resolvedOptions().hour12;
  const hours = isTwelve ? { hour: "numeric", hourCycle: "h12" } : { hour: "2-digit", hourCycle: "h23" };
  return formatterOf(language, { ...hours, minute: "2-digit", timeZone }).format(moment);
}

/** The quarter-hour that begins at a moment: `18:15–18:30`. */
export function formatQuarter(hass, begin) {
  return [begin, begin + 900_000].map((moment) => formatTimeOfDay(hass, moment)).join("–");
}

/** The day of the week that a moment is in, in the width that Intl names. */
export function formatDay(hass, moment, width) {
  return formatterOf(languageOf(hass), { weekday: width, timeZone: ZONE }).format(moment);
}

/** The day that a moment is in, by the clock of the meter: `2026-11-26`. */
export function dayIn(moment) {
  return formatterOf("en-CA", { dateStyle: "short", timeZone: ZONE }).format(moment);
}

/** What formats times: making one takes longer than using it, and a day has many quarters. */
function formatterOf(language, options) {
  const key = JSON.stringify([language, options]);
  if (!FORMATTERS.has(key)) {
    FORMATTERS.set(key, new Intl.DateTimeFormat(language, options));
  }
  return FORMATTERS.get(key);
}

/** A day of the week, 0 for Monday, in the width that Intl names. */
export function formatWeekday(hass, day, width) {
  return new Intl.DateTimeFormat(languageOf(hass), { weekday: width, timeZone: "UTC" }).format(MONDAY + day * 86_400_000);
}

/** The hour of the week that a moment is in, 0 for that after midnight of Monday, by the clock of the meter. */
export function weekHour(moment) {
  const options = { weekday: "short", hour: "numeric", hourCycle: "h23", timeZone: ZONE };
  const parts = formatterOf("en", options).formatToParts(moment);
  const part = (type) => parts.find((each) => each.type === type).value;
  return WEEKDAYS.indexOf(part("weekday")) * 24 + Number(part("hour"));
}

/** The latest months up to the one that a moment is in, as `2026-11`, the oldest first. */
export function latestMonths(moment, count) {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", timeZone: ZONE }).formatToParts(moment);
  const part = (type) => Number(parts.find((each) => each.type === type).value);
  const index = part("year") * 12 + part("month") - 1;
  return Array.from({ length: count }, (_, position) => {
    const month = index - count + 1 + position;
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
  });
}
