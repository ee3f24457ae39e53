// How aed is, and was within the last day.

import { get } from "./api.js";
import { colour, fitted, h, put } from "./dom.js";
import { decibels, seconds, span, timeOf, wholeTimeOf } from "./format.js";
import { on, store } from "./store.js";

const TREND_MS = 30_000;
const LOG_MS = 5000;
const NAMES = { INFO: "", WARNING: "warning ", ERROR: "error ", CRITICAL: "error " };

export function healthView(view, signal) {
  if (!store.about) return;
  const facts = h("dl");
  const sources = h("tbody");
  const charts = h("div", { class: "charts" });
  const log = h("ol", { class: "log", tabindex: "0", "aria-label": "Log" });
  put(view, h("h2", {}, "Health"),
    h("div", { class: "pair" },
      h("section", { class: "card" }, h("h3", {}, "Now"), facts),
      h("section", { class: "card scroll", tabindex: "0", "aria-label": "Sources" }, h("h3", {}, "Sources"), h("table", {},
        h("thead", {}, h("tr", {}, ["Source", "state", "level", "behind", "dropped", "restarts"].map((each) => h("th", { scope: "col" }, each)))), sources))),
    h("section", { class: "card" }, h("h3", {}, "Within the last day"), charts),
    h("section", { class: "card" }, h("h3", {}, "Log"), log));

  const showNow = () => {
    const { health, broker_connected: broker } = store.status;
    const test = health.self_test;
    const rows = [
      ["Problem", health.problem ?? "none"],
      ["Broker", broker ? "connected" : "away"],
      ["Waiting to be sent", `${(health.outbox_rows ?? 0) + health.unsaved_reports}`],
      ["Has run for", span(health.uptime_s)],
      ["Hearing takes", health.inference_mean_ms_per_s === null ? "–" : `${health.inference_mean_ms_per_s} ms for a second of sound`],
      ["Memory", health.memory_mb === null ? "–" : `${Math.round(health.memory_mb)} MB`],
      ["Self-test", test ? `${test.passed ? "passed" : "failed"}, ${wholeTimeOf(test.at)}` : "not yet"],
      ["Heartbeat", !health.heartbeat ? "none" : health.heartbeat.problem ?? (health.heartbeat.sent_at ? `sent ${timeOf(health.heartbeat.sent_at)}` : "not yet")],
    ];
    put(facts, rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: name === "Problem" && health.problem ? "bad" : "" }, value)]));
    put(sources, Object.entries(health.sources).map(([name, source]) => h("tr", {}, h("th", { scope: "row" }, name),
      h("td", { class: source.state === "online" ? "" : "bad" }, source.state), h("td", {}, decibels(source.level_dbfs)),
      h("td", {}, seconds(source.lag_s)), h("td", {}, seconds(source.dropped_s)), h("td", {}, String(source.restarts)))));
  };
  const showTrend = async () => {
    try {
      const { points } = await get("/api/trend");
      if (signal.aborted) return;
      const kinds = [
        ...[...store.sources.keys()].map((name) => [`Level at ${name}`, "dBFS", (point) => point.sources?.[name]?.level_dbfs]),
        ["Hearing takes", "ms/s", (point) => point.inference_ms_per_s],
        ["Memory", "MB", (point) => point.memory_mb],
        ["Waiting to be sent", "", (point) => point.outbox_rows],
      ];
      put(charts, kinds.map(([name, unit, value]) => chart(name, unit, points, value)));
      for (const canvas of charts.querySelectorAll("canvas")) canvas.plot();
    } catch {
      put(charts, h("p", { class: "empty" }, "This cannot be said now."));
    }
  };
  const showLog = async () => {
    try {
      const { lines } = await get("/api/log");
      if (signal.aborted) return;
      const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
      put(log, lines.length ? lines.map((line) => h("li", { class: line.level.toLowerCase() },
        h("span", { class: "when" }, timeOf(line.at)), " ", NAMES[line.level] ?? "", line.text)) : h("li", { class: "empty" }, "Nothing has been logged."));
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    } catch {
      // The banner says that aed is away.
    }
  };
  on(signal, "status", showNow);
  showNow();
  showTrend();
  showLog();
  const timers = [setInterval(showTrend, TREND_MS), setInterval(showLog, LOG_MS)];
  signal.addEventListener("abort", () => timers.forEach(clearInterval));
}

function chart(name, unit, points, valueOf) {
  const values = points.map((point) => ({ at: point.at && new Date(point.at).getTime(), value: valueOf(point) }))
    .filter(({ at, value }) => at && value !== null && value !== undefined);
  const latest = values.at(-1)?.value;
  const low = Math.min(...values.map((each) => each.value));
  const high = Math.max(...values.map((each) => each.value));
  const told = values.length ? `${Math.round(latest * 10) / 10} ${unit} now; ${Math.round(low * 10) / 10} to ${Math.round(high * 10) / 10}` : "nothing yet";
  const canvas = h("canvas", { class: "trend", role: "img", "aria-label": `${name}: ${told}` });
  canvas.plot = () => {
    if (!values.length) return;
    const { context, width, height } = fitted(canvas);
    const end = new Date(store.status.health.at).getTime(); // by the clock that made the points
    const begin = Math.min(values[0].at, end - 600_000);
    const room = Math.max(high - low, Math.abs(high) * 0.1, 1);
    const x = (at) => 4 + ((at - begin) / (end - begin)) * (width - 8);
    const y = (value) => height - 20 - ((value - (high + low) / 2 + room / 2) / room) * (height - 30);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("dim");
    context.fillText(timeOf(begin), 4, height - 4);
    context.textAlign = "right";
    context.fillText("now", width - 4, height - 4);
    context.strokeStyle = context.fillStyle = colour("line0");
    context.lineWidth = 2;
    context.beginPath();
    let before = null;
    for (const { at, value } of values) {
      // A gap is a time in which aed did not answer.
      if (before === null || at - before > 150_000) context.moveTo(x(at), y(value));
      else context.lineTo(x(at), y(value));
      before = at;
    }
    context.stroke();
    context.beginPath();
    context.arc(x(values.at(-1).at), y(latest), 3, 0, 7);
    context.fill();
  };
  return h("figure", {}, h("figcaption", {}, h("strong", {}, name), ` ${told}`), canvas);
}
