// How numbers, times and sounds are written, in the viewer's own zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export const zone = () => {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `in the zone of this device (${name})`;
};
export const timeOf = (at) => clock.format(new Date(at));
export const dayOf = (at) => day.format(new Date(at));
export const wholeTimeOf = (at) => whole.format(new Date(at));
export const percent = (value) => `${Math.round(value * 100)}\u202f%`;
export const decibels = (value) => (value === null ? "–" : `${Math.round(value)}\u00a0dBFS`);
export const seconds = (value) => (value < 10 ? `${value.toFixed(1)}\u00a0s` : `${Math.round(value)}\u00a0s`);

export function span(total) {
  const minutes = Math.floor(total / 60);
  if (minutes < 1) return `${Math.round(total)} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

export const PATTERNS = {
  t3: "T3: three pulses, a pause (smoke alarms)",
  t4: "T4: four pulses, a long pause (carbon monoxide alarms)",
  continuous: "a tone that goes on",
  chirp: "a chirp now and then (a battery runs low)",
};
