// Runs the energy dashboard's own arithmetic, out of the frontend that is installed: reads cases as JSON from standard
// input, each {prefs, stats} as the dashboard has them, and writes what its two gauges show.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const chunks = readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ path: join(folder, name), source: readFileSync(join(folder, name), "utf8") }));

// What modules import from others is of no matter here, but `memoizeOne`, which is left out.
const stub = new Proxy(function () {}, {
  get: (_, name) => (name === "A" ? (f) => f : name === "then" ? undefined : stub),
  apply: () => stub,
  construct: () => stub,
});

/** Return what the module of a chunk that has a text exports, whatever the build calls it. */
async function exportsWith(mark) {
  const chunk = chunks.find(({ source }) => source.includes(mark));
  const { __webpack_modules__: modules } = await import(pathToFileURL(chunk.path));
  const module = Object.values(modules).find((each) => each.toString().includes(mark));
  const found = {};
  const require = () => stub;
  require.d = (_, ...definitions) => Object.assign(found, ...definitions);
  require.a = (_, body) => body(() => stub, () => {});
  await module({}, {}, require);
  return Object.values(found).filter((each) => typeof each === "function");
}

function only(functions, ...marks) {
  const found = functions.filter((each) => marks.every((mark) => each.toString().includes(mark)));
  if (found.length !== 1) throw new Error(`${found.length} functions have ${marks}`);
  return found[0];
}

const functions = await exportsWith("used_total:{},grid_to_battery:{}");
const getSummedData = only(functions, "({summedData:");
const computeConsumptionData = only(functions, "({consumption:");
const calculateSolarConsumedGauge = only(functions, "total.solar", ".used_solar");
// This one is part of what a card draws: the names of its variables are the build's.
const sufficiency =
  /(\w+)=(\w+)\.total\.from_grid\?\?0,(\w+)=Math\.max\(0,(\w+)\.total\.used_total\);let (\w+);return (null!==\1&&null!==\3&&\3>0&&\(\5=100\*\(1-Math\.min\(1,\1\/\3\)\)\)),/;
const [, , summed, , consumed, result, formula] = chunks.map(({ source }) => source.match(sufficiency)).find(Boolean);
const [from, used] = [formula.match(/null!==(\w+)&&/)[1], formula.match(/(\w+)>0/)[1]];
const selfSufficiency = new Function(
  summed,
  consumed,
  `const ${from}=${summed}.total.from_grid??0,${used}=Math.max(0,${consumed}.total.used_total);let ${result};${formula};return ${result}`,
);

// Days of the hours, months of the days, years of the months: what else it takes for which period would be another sum.
if (!chunks.some(({ source }) => /(\w+)>35\?"month":\1>2\?"day":"hour"/.test(source))) {
  throw new Error("the dashboard divides its periods in another way");
}

const answers = JSON.parse(await text(process.stdin)).map(({ prefs, stats }) => {
  const { summedData } = getSummedData({ prefs, stats });
  const { consumption } = computeConsumptionData(summedData);
  const hasBattery = !!summedData.to_battery || !!summedData.from_battery;
  const isDrawn = "solar" in summedData.total && "to_grid" in summedData.total;
  return {
    self_consumption: (isDrawn ? calculateSolarConsumedGauge(hasBattery, summedData) : undefined) ?? null,
    self_sufficiency: selfSufficiency(summedData, consumption) ?? null,
  };
});
process.stdout.write(JSON.stringify(answers));
