// What is being heard now.

import { get } from "./api.js";
import { h, isCalm, put, say } from "./dom.js";
import { decibels, seconds, timeOf } from "./format.js";
import { Lines } from "./lines.js";
import { Spectrogram } from "./spectrogram.js";
import { on, store } from "./store.js";
import { Tree } from "./tree.js";

const SUPPRESSED_MS = 5000;
const CALM_MS = 1000;
const LOWEST_DB = -90;

export function liveView(view, signal) {
  if (!store.about) return;
  const cards = [...store.sources.values()].map((source) => new SourceCard(source));
  const tree = new Tree();
  const lines = new Lines();
  const events = h("ul", { class: "events" });
  const suppressed = h("ul", { class: "events" });
  const said = h("p", { class: "said" });
  const pause = h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "Pause");
  let isPaused = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(isPaused));
  });
  put(view,
    h("div", { class: "row" }, h("h2", {}, "What it hears now"), pause),
    said,
    h("div", { class: "sources" }, cards.map((card) => card.element)),
    h("section", { class: "card", "aria-labelledby": "lines-title" },
      h("h3", { id: "lines-title" }, "The last minute"), lines.element),
    h("section", { class: "card", "aria-labelledby": "tree-title" },
      h("h3", { id: "tree-title" }, "All it can tell apart"),
      h("p", { class: "hint" }, "The bar is the probability; the mark in it is the threshold from which it counts. ▲ critical."),
      tree.element),
    h("div", { class: "pair" },
      h("section", { class: "card", "aria-labelledby": "events-title" },
        h("h3", { id: "events-title" }, "Reported"), events),
      h("section", { class: "card", "aria-labelledby": "suppressed-title" },
        h("h3", { id: "suppressed-title" }, "Not reported, and why"), suppressed)));

  let isDue = false;
  let drawnMs = 0;
  const draw = () => {
    isDue = false;
    if (signal.aborted || isPaused) return;
    drawnMs = Date.now();
    const source = store.sources.get(store.chosen);
    for (const card of cards) card.draw();
    if (!source) return;
    tree.draw(source);
    lines.draw(source);
    say(said, sentence(source));
  };
  on(signal, "frame", () => {
    if (isDue || (isCalm() && Date.now() - drawnMs < CALM_MS)) return;
    isDue = true;
    requestAnimationFrame(draw);
  });
  on(signal, "status", () => {
    cards.forEach((card) => card.state());
    const source = store.sources.get(store.chosen);
    view.classList.toggle("stale", Boolean(source) && !source.isFresh);
    if (source) say(said, sentence(source));
  });
  signal.addEventListener("abort", () => view.classList.remove("stale"));
  const listEvents = () => {
    const latest = [...store.events.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : -1)).slice(0, 8);
    put(events, latest.length ? latest.map(eventItem) : h("li", { class: "empty" }, "Nothing has been reported yet."));
  };
  on(signal, "events", listEvents);
  listEvents();
  const listSuppressed = async () => {
    try {
      const found = (await get("/api/suppressed")).suppressed;
      if (signal.aborted) return;
      put(suppressed, found.length
        ? latestOfEach(found).slice(0, 8).map(({ latest, times }) => h("li", {},
          h("span", { class: "when" }, timeOf(latest.at)), " ",
          h("strong", {}, store.name(latest.node)), ` at ${latest.source}: ${latest.reason}`,
          times > 1 ? h("span", { class: "hint" }, ` (${times} times lately)`) : null))
        : h("li", { class: "empty" }, "Nothing has come near a threshold yet."));
    } catch {
      // The banner says that aed is away.
    }
  };
  listSuppressed();
  const timer = setInterval(listSuppressed, SUPPRESSED_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  cards.forEach((card) => card.state());
  requestAnimationFrame(draw);
}

export function eventItem(event) {
  const node = store.node.get(event.event_type);
  const kind = event.critical ? "critical" : node?.alerts ? "alert" : "event";
  return h("li", {}, h("a", { href: `#history/${event.event_id}` },
    h("span", { class: "when" }, timeOf(event.started_at)), " ",
    h("span", { class: `tag ${kind}` }, kind === "critical" ? "▲ critical" : kind), " ",
    h("strong", {}, store.name(event.event_type)), " at ", event.source,
    event.phase === "end" ? `, ${seconds(event.duration_s)}` : ", going on"));
}

function latestOfEach(found) {
  const known = new Map();
  for (const each of found) {
    const key = `${each.source} ${each.node} ${each.cause}`;
    if (known.has(key)) known.get(key).times += 1;
    else known.set(key, { latest: each, times: 1 });
  }
  return [...known.values()];
}

function sentence(source) {
  const health = store.status?.health.sources[source.name];
  if (!source.isFresh && health) return `${source.name}: nothing is being heard (${health.state}${health.reason ? `: ${health.reason}` : ""})`;
  const open = [...store.events.values()].filter((event) => event.phase !== "end" && event.source === source.name);
  if (open.length) return `${source.name}: ${open.map((event) => store.name(event.event_type).toLowerCase()).join(", ")}`;
  return source.count ? `${source.name}: nothing that counts` : `${source.name}: waiting for sound …`;
}

class SourceCard {
  constructor(source) {
    this.source = source;
    this.spectrogram = new Spectrogram(source);
    this.fill = h("div", { class: "fill" });
    this.number = h("span", { class: "number" }, "–");
    this.stateText = h("span", { class: "state" });
    const chooser = store.sources.size > 1
      ? h("label", {}, h("input", { type: "radio", name: "source", checked: store.chosen === source.name, value: source.name,
        onchange: () => {
          store.choose(source.name); // which makes this view anew
          document.querySelector(`input[name="source"][value="${source.name}"]`)?.focus();
        } }), " ", source.name)
      : source.name;
    this.element = h("section", { class: "card source", "aria-label": `Source ${source.name}` },
      h("div", { class: "row" }, h("h3", {}, chooser), this.stateText),
      h("div", { class: "level", title: "Level, relative to full scale" },
        h("span", { class: "caption" }, "Level"),
        h("div", { class: "bar", "aria-hidden": "true" }, this.fill), this.number),
      this.spectrogram.element);
  }

  draw() {
    const level = this.source.level();
    this.fill.style.transform = `scaleX(${Math.max(0, Math.min(1, 1 - level / LOWEST_DB))})`;
    this.fill.classList.toggle("hot", level > -6);
    say(this.number, decibels(this.source.count ? level : null));
    this.spectrogram.draw();
  }

  state() {
    const health = store.status?.health.sources[this.source.name];
    if (!health) return;
    say(this.stateText, health.state === "online" ? "online" : `${health.state}: ${health.reason}`);
    this.stateText.classList.toggle("bad", health.state !== "online");
    this.element.classList.toggle("stale", !this.source.isFresh);
    if (!this.source.isFresh) {
      say(this.number, "–");
      this.fill.style.transform = "scaleX(0)";
    }
  }
}
