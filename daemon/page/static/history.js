// What was heard: a list with filters, each event with all that is known of it.

import { get, post } from "./api.js";
import { h, put } from "./dom.js";
import { dayOf, decibels, PATTERNS, percent, seconds, timeOf, wholeTimeOf } from "./format.js";
import { eventItem } from "./live.js";
import { mistakeForm, missedForm } from "./mistakes.js";
import { nodeChoice } from "./nodes.js";
import { on, store } from "./store.js";

const WRITTEN_MS = 600_000;
const AGAIN_MS = 2000;

const filter = { node: "", source: "", since: "", until: "", critical: "" };

export function historyView(view, signal, eventId) {
  if (!store.about) return;
  const list = h("ul", { class: "events" });
  const detail = h("section", { class: "card detail", "aria-label": "The event", "aria-live": "polite" });
  const controls = h("form", { class: "filters card", "aria-label": "Which events" },
    h("label", {}, "Sound", nodeChoice("node", "any")),
    h("label", {}, "Source", h("select", { name: "source" }, h("option", { value: "" }, "any"),
      [...store.sources.keys()].map((name) => h("option", { value: name }, name)))),
    h("label", {}, "From", h("input", { type: "datetime-local", name: "since" })),
    h("label", {}, "Until", h("input", { type: "datetime-local", name: "until" })),
    h("label", {}, "Kind", h("select", { name: "critical" }, h("option", { value: "" }, "any"),
      h("option", { value: "true" }, "critical"), h("option", { value: "false" }, "not critical"))));
  for (const [name, value] of Object.entries(filter)) controls.elements[name].value = value;
  let found = [];

  const load = async () => {
    const query = new URLSearchParams({ limit: "100" });
    for (const [name, value] of Object.entries(filter)) {
      if (value) query.set(name, name === "since" || name === "until" ? new Date(value).toISOString() : value);
    }
    try {
      found = (await get(`/api/events?${query}`)).events;
      if (signal.aborted) return;
      put(list, found.length ? byDay(found, eventId) : h("li", { class: "empty" },
        "No such event is remembered. The latest 10,000 are."));
      choose(eventId);
    } catch (problem) {
      put(list, h("li", { class: "empty" }, `The events cannot be listed: ${problem.message}`));
    }
  };
  const choose = (id) => {
    const event = found.find((each) => each.event_id === id) ?? store.events.get(id);
    detail.hidden = !event && found.length > 0 && !id;
    if (event) put(detail, ...described(event, signal));
    else put(detail, h("p", { class: "empty" }, id ? "This event is not among those listed." : "Choose an event to see why it was reported."));
    detail.hidden = false;
  };
  controls.addEventListener("change", () => {
    for (const name of Object.keys(filter)) filter[name] = controls.elements[name].value;
    load();
  });
  controls.addEventListener("submit", (submitted) => submitted.preventDefault());
  put(view, h("h2", {}, "What was heard"), controls,
    eventId ? h("a", { class: "back", href: "#history" }, "← all events") : null,
    h("div", { class: "split" + (eventId ? " chosen" : "") },
      h("section", { class: "card", "aria-label": "Events" }, list),
      h("div", {}, detail, missedForm())));
  controls.classList.toggle("chosen", Boolean(eventId));
  put(list, h("li", { class: "empty" }, "Loading …"));
  load();
  let waiting = null;
  on(signal, "events", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (!signal.aborted && !isBusy(detail)) load(); }, 1000);
  });
}

// Whoever writes, or listens, is not to be disturbed.
function isBusy(detail) {
  const sound = detail.querySelector("audio");
  return detail.contains(document.activeElement) || (sound && !sound.paused);
}

function byDay(events, eventId) {
  const items = [];
  let day = null;
  for (const event of events) {
    if (dayOf(event.started_at) !== day) {
      day = dayOf(event.started_at);
      items.push(h("li", { class: "day" }, day));
    }
    const item = eventItem(event);
    if (event.event_id === eventId) item.firstChild.setAttribute("aria-current", "true");
    items.push(item);
  }
  return items;
}

function described(event, signal) {
  const thresholds = store.thresholds(event.source, event.event_type);
  const path = event.path.split("/").map((id) => store.name(id)).join(" › ");
  const facts = [
    ["What", path],
    ["Where", event.source],
    ["Began", wholeTimeOf(event.started_at)],
    ["Recognised", `${timeOf(event.detected_at)}, ${seconds((new Date(event.detected_at) - new Date(event.started_at)) / 1000)} later`],
    ["Lasted", event.phase === "end" ? seconds(event.duration_s) : "goes on"],
    ["Score", percent(event.score) + (thresholds ? `; counts from ${percent(thresholds.on)}` : "")],
    ["Timing", event.pattern ? PATTERNS[event.pattern] : "no pattern of alarms"],
    ["Level", decibels(event.level_dbfs)],
    ["Model", event.model],
  ];
  return [
    h("h3", {}, event.critical ? "▲ " : "", store.name(event.event_type)),
    h("p", { class: "why" }, why(event, thresholds)),
    h("dl", {}, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    clip(event, signal),
    mistakeForm(event),
  ];
}

function why(event, thresholds) {
  const node = store.node.get(event.event_type);
  const parts = [];
  if (thresholds) {
    parts.push(`Its probability reached ${percent(event.score)}, and ${percent(thresholds.on)} for ${seconds(thresholds.dwell_s)} is what it takes.`);
    if (event.score < thresholds.on) parts.push("The thresholds, or the evidence of its timing, were others than now.");
  }
  if (event.pattern) parts.push(`The timing was that of ${PATTERNS[event.pattern]}, which made it surer and quicker.`);
  const below = store.about.nodes.some((each) => each.parent === event.event_type);
  if (below) parts.push("Which of the sounds below it was, did not become sure enough.");
  if (event.critical) parts.push("It is a matter of life and limb, so it alerts at any hour.");
  else if (node?.alerts) parts.push("Such a sound gives an alert.");
  else parts.push("Such a sound gives no alert: it is only remembered.");
  return parts.join(" ");
}

function clip(event, signal) {
  const place = h("div", { class: "clip", "aria-live": "polite" });
  if (!event.clip) {
    put(place, h("p", { class: "hint" }, store.about.clips
      ? "There is no recording: only alerts are recorded, and none in which a person is heard unless the settings say so."
      : "There is no recording: clips are off (docs/clips.md)."));
    return place;
  }
  // Its name is told before it is written, and it may have been removed since.
  const wait = async () => {
    const { has_clip: isThere } = await get(`/api/has-clip/${event.event_id}`).catch(() => ({}));
    if (signal.aborted) return;
    const isRecent = Date.now() - new Date(event.started_at) < WRITTEN_MS;
    if (isThere) put(place, player(event, signal));
    else put(place, h("p", { class: "hint" }, isRecent ? "The recording is not written yet …" : "The recording has been removed."));
    if (!isThere && isRecent) setTimeout(wait, AGAIN_MS);
  };
  wait();
  return place;
}

function player(event, signal) {
  const answer = h("div");
  const ask = h("button", { type: "button" }, "Explain it from the recording");
  ask.addEventListener("click", async () => {
    ask.disabled = true;
    put(answer, h("p", { class: "empty" }, "Listening to it again …"));
    try {
      const found = await get(`/api/explanation/${event.event_id}`);
      if (!signal.aborted) put(answer, explained(found));
    } catch (problem) {
      put(answer, h("p", { class: "bad" }, problem.message));
    } finally {
      ask.disabled = false;
    }
  });
  const sound = h("audio", { controls: true, preload: "none", src: `/api/clip/${event.event_id}`, "aria-label": "Recording of the event" });
  sound.addEventListener("error", () => sound.replaceWith(h("p", { class: "hint" }, "The recording cannot be played.")));
  return [sound, ask, answer];
}

function explained(found) {
  const nodes = found.nodes.filter((node) => node.peak > 0.05 || node.critical);
  return h("figure", {}, h("figcaption", {}, `At ${found.at_s.toFixed(1)} s of the recording:`),
    h("ul", { class: "events" }, nodes.map((node) => h("li", {},
      h("strong", {}, (node.critical ? "▲ " : "") + store.name(node.node)), `: ${node.reason}`,
      h("div", { class: "hint" }, `peak ${percent(node.peak)}, with its timing ${percent(node.confidence)}, counts from ${percent(node.on)}`)))));
}
