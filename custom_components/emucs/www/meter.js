// What Home Assistant knows of a digital meter. Entities are found by device and translation key: the frontend knows
// no unique ids, and entity ids are the user's.

const DOMAIN = "emucs";
const IN_KILOWATTS = { mW: 1e-6, W: 1e-3, kW: 1, MW: 1e3, GW: 1e6, TW: 1e9 };
const NO_VALUE = ["unknown", "unavailable"];

/** The name of a device, the user's own before ours. */
export function nameOf(device) {
  return device.name_by_user ?? device.name ?? "";
}

/** All electricity meters and groups, in the order in which they came; meters on their M-Bus come by `mbusMeters`. */
export function electricityMeters(hass) {
  const meters = ourDevices(hass).filter((device) => !hass.devices[device.via_device_id]);
  return meters.filter((device) => !isService(device) || isGroup(hass, device));
}

/** The meters that are read through a meter. */
export function mbusMeters(hass, meter) {
  return ourDevices(hass).filter((device) => !isService(device) && device.via_device_id === meter.id);
}

/** The meter that a device is, or that it is a service of, such as the capacity tariff. */
export function meterOfDevice(hass, deviceId) {
  const device = hass.devices[deviceId];
  const id = device && isService(device) && !isGroup(hass, device) ? device.via_device_id : deviceId;
  return electricityMeters(hass).find((each) => each.id === id) ?? null;
}

function isService(device) {
  return device.entry_type === "service";
}

/** Whether a device is a group of meters: nothing else has silent members. */
function isGroup(hass, device) {
  return Object.values(hass.entities ?? {}).some(
    (entity) => entity.device_id === device.id && entity.translation_key === "silent_members",
  );
}

function ourDevices(hass) {
  return Object.values(hass.devices)
    .filter((device) => device.identifiers.some(([domain]) => domain === DOMAIN) && !device.disabled_by)
    .sort((one, other) => one.created_at - other.created_at || one.id.localeCompare(other.id));
}

/** The meter that a card is for: the one that it names, else the first that has quarters, else the first. */
export function meterOf(hass, deviceId) {
  if (deviceId) {
    return meterOfDevice(hass, deviceId);
  }
  const meters = electricityMeters(hass);
  return meters.find((device) => "demand_forecast" in entitiesOf(hass, device)) ?? meters[0] ?? null;
}

/**
 * The ids of the enabled entities of a meter and of its services by translation key; phases and relays share one, in
 * the order of the ids.
 */
export function entitiesOf(hass, meter) {
  const services = Object.values(hass.devices).filter((each) => isService(each) && each.via_device_id === meter.id);
  const devices = new Set([meter, ...services].map((each) => each.id));
  const found = {};
  for (const entity of Object.values(hass.entities)) {
    if (entity.platform === DOMAIN && devices.has(entity.device_id)) {
      (found[entity.translation_key] ??= []).push(entity.entity_id);
    }
  }
  Object.values(found).forEach((ids) => ids.sort());
  return found;
}

/** Whether an entity has a value. */
export function hasValue(state) {
  return Boolean(state) && !NO_VALUE.includes(state.state);
}

/** Whether nobody provides an entity: before Home Assistant has started, it has no state at all. */
export function isGone(state) {
  return !state || state.state === "unavailable";
}

/** A state in kW, whatever unit the user shows it in; null where it is not known. */
export function kilowattsOf(state) {
  const kilowatts = Number(state?.state) * IN_KILOWATTS[state?.attributes.unit_of_measurement];
  return Number.isFinite(kilowatts) ? kilowatts : null;
}

/** The recorded states of a power since `begin`: `time` in ms, from which on it had the `power` in kW. */
export async function fetchPowers(hass, entityId, begin) {
  const factor = IN_KILOWATTS[hass.states[entityId]?.attributes.unit_of_measurement];
  const answer = await hass.callWS({
    type: "history/history_during_period",
    start_time: new Date(begin).toISOString(),
    entity_ids: [entityId],
    minimal_response: true,
    no_attributes: true,
    significant_changes_only: false,
  });
  return (answer[entityId] ?? []).map(({ s: state, lu: updated }) => {
    // An entity that was removed has an empty state, which is no zero.
    const power = Number.parseFloat(state) * factor;
    return { time: Math.max(begin, updated * 1000), power: Number.isFinite(power) ? power : null };
  });
}

/** The meter of an entity for which a card is suggested, if it has the entity that the card needs; else null. */
export function suggestedMeter(hass, entityId, suggested, needed) {
  const meter = meterOfDevice(hass, hass.entities[entityId]?.device_id);
  const shown = meter ? entitiesOf(hass, meter) : {};
  const ids = suggested.map((key) => shown[key]?.[0]);
  return ids.includes(entityId) && shown[needed] ? meter : null;
}
