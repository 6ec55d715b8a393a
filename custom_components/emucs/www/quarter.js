// What holds in the running quarter, and how the card says it. Computes only: the card shows it.

import { formatEuros, formatPower } from "./format.js";
import { kilowattsOf } from "./meter.js";
import { say } from "./texts.js";

const MUCH = 5; // times the target: more than a house draws
const LEAST = 0.01; // kW: a target that is hardly passed is not passed by nothing
const ROUNDING = 0.0005; // kW
const MINUTE = 60; // seconds
const TO_ACT = 1 / 5; // of what is left of the quarter: then a quarter more has to be switched off than at once
const TENTHS = 10;
const LEAST_COST = 0.005; // EUR
const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
// Those that are said in other words where the target is the peak that the month already has.
const LEVELS = ["within", "warning", "alarm", "passed"];
// What is said of the budget beside what holds, where it is not known what is drawn now.
const ADVICE = { within: "room", warning: "limit", alarm: "limit" };

/**
 * The quarter by the states of a meter's entities, or by live values if there are any. Powers are in kW; `floor` is what
 * is billed at least, if that is known.
 */
export function quarterOf(states, isMeter, floor, live = null) {
  const reading = live ? readingOfLive(live) : readingOf(states);
  const { forecast, soFar, target } = reading;
  const goal = kilowattsOf(states.peak_target);
  const over = soFar !== null && target !== null && soFar > target ? Math.max(LEAST, soFar - target) : null;
  return {
    ...reading,
    over,
    level: states.demand_forecast ? levelOf(reading, over) : isMeter ? "no_demand" : "no_meter",
    // The target is no more what the user wants, but the peak that the month already has.
    isPeak: goal !== null && target !== null && target > Math.max(floor ?? Infinity, goal) + ROUNDING,
  };
}

function readingOf(states) {
  const forecast = kilowattsOf(states.demand_forecast);
  const budget = kilowattsOf(states.demand_budget);
  return {
    forecast,
    soFar: forecast === null ? null : (states.demand_forecast.attributes.so_far ?? null),
    budget,
    target: budget === null ? null : (states.demand_budget.attributes.target ?? null),
    estimated: forecast !== null && Boolean(states.demand_forecast.attributes.estimated),
    isAlarm: states.peak_alarm?.state === "on",
    isWarning: states.peak_warning?.state === "on",
    isGone: states.demand_forecast?.state === "unavailable",
    power: kilowattsOf(states.power),
    left: null,
  };
}

function readingOfLive(live) {
  return {
    forecast: live.demand_forecast ?? null,
    soFar: live.so_far ?? null,
    budget: live.demand_budget ?? null,
    target: live.target ?? null,
    estimated: live.estimated ?? false,
    isAlarm: live.peak_alarm ?? false,
    isWarning: live.peak_warning ?? false,
    isGone: false,
    power: live.power ?? null,
    left: live.seconds_left ?? null,
  };
}

/** What decides on the text, and on the colour. The alarm waits until a load is no short one. */
function levelOf({ forecast, target, isAlarm, isWarning, isGone }, over) {
  if (forecast === null) {
    return isGone ? "unavailable" : "unknown";
  }
  if (over !== null) {
    return "passed";
  }
  return isAlarm ? "alarm" : isWarning || (target !== null && forecast > target) ? "warning" : "within";
}

/** What holds, and what to do, in a sentence or two. */
export function statusOf(hass, quarter) {
  const { level, forecast, target, budget, over, isPeak } = quarter;
  const key = level === "warning" && forecast > target ? "alarm" : level;
  const text = say(hass, isPeak && LEVELS.includes(key) ? `${key}_peak` : key, { over: formatPower(hass, over) });
  // In the last minutes there is room for more than any house draws: no number to go by.
  if (!ADVICE[level] || budget === null || budget >= target * MUCH) {
    return text;
  }
  const [advice, values] = (key === "alarm" && switchOff(quarter)) || [ADVICE[level], { power: Math.max(0, budget) }];
  return `${text} ${say(hass, advice, { ...values, power: formatPower(hass, values.power, advice === "limit" || advice === "room" ? 2 : 1) })}`;
}

/**
 * What to switch off, and by when: of all that is drawn now, so much that the quarter still ends at the target. Nothing
 * where that is not known.
 */
function switchOff({ power, budget, left }) {
  const excess = power - budget;
  if (power === null || left === null || excess <= 0) {
    return null;
  }
  const minutes = Math.floor((left * TO_ACT) / MINUTE);
  const later = (excess * left) / (left - minutes * MINUTE);
  // Whoever waits has to switch off more: no more than there is.
  const [key, kilowatts] = minutes && later <= power ? ["switch_off", later] : ["switch_off_now", excess];
  return kilowatts > power ? ["too_late", { power }] : [key, { power: Math.ceil(kilowatts * TENTHS) / TENTHS, minutes }];
}

/** What the peak to come would cost, by the price of one more kW in EUR; nothing where it costs nothing, or is not known. */
export function costOf(hass, { forecast, level }, peak, floor, price) {
  const more = forecast - Math.max(peak ?? 0, floor ?? Infinity);
  const cost = more * price;
  return LEVELS.includes(level) && cost >= LEAST_COST ? say(hass, "peak_cost", { cost: formatEuros(hass, cost) }) : "";
}

/** The label and the text of what is left of the target, or of how far it is passed. */
export function budgetOf(hass, { budget, target, over }) {
  if (over !== null) {
    return [say(hass, "over"), formatPower(hass, over)];
  }
  const most = Math.floor(target * MUCH);
  const power = budget > most ? `>\u00a0${formatPower(hass, most, 0)}` : formatPower(hass, budget && Math.max(0, budget));
  return [say(hass, "budget"), power];
}

/** The next round number, for the end of a scale. */
export function niceEnd(value) {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((step) => step * magnitude >= value - 1e-9) * magnitude;
}
