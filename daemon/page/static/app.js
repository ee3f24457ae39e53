// The frame around the views: which is shown, the state in the header, what is wrong.

import { get, post } from "./api.js";
import { checkView } from "./check.js";
import { h, put } from "./dom.js";
import { timeOf, zone } from "./format.js";
import { healthView } from "./health.js";
import { historyView } from "./history.js";
import { liveView } from "./live.js";
import { modelView } from "./model.js";
import { store } from "./store.js";

const VIEWS = { live: liveView, history: historyView, check: checkView, health: healthView, model: modelView };
const TITLES = { live: "Live", history: "History", check: "Check", health: "Health", model: "Model" };
const view = document.getElementById("view");
let shown = null;

function show() {
  shown?.abort();
  shown = new AbortController();
  const [name, rest] = location.hash.slice(1).split("/");
  const key = name in VIEWS ? name : "live";
  document.title = `aed ${store.about?.node ?? ""}: ${TITLES[key]}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${key}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  put(view);
  VIEWS[key](view, shown.signal, rest);
}

function pill(text, state, title) {
  return h("li", { class: `pill ${state}`, title }, text);
}

function showPills() {
  const { health, broker_connected: broker, mute } = store.status;
  const pills = Object.entries(health.sources).map(([name, source]) =>
    pill(`${source.state === "online" ? "✓" : "!"} ${name} ${source.state}`,
      source.state === "online" ? "good" : "bad", source.reason));
  pills.push(broker ? pill("✓ broker", "good") : pill("! broker away", "bad"));
  const waiting = (health.outbox_rows ?? 0) + health.unsaved_reports;
  if (waiting) pills.push(pill(`${waiting} waiting to be sent`, "warn"));
  if (mute.muted) pills.push(pill(`muted until ${timeOf(mute.until)}`, "warn"));
  put(document.getElementById("pills"), pills);
}

function showBanner() {
  const banner = document.getElementById("banner");
  const problem = store.connection === "live" ? store.status?.health.problem : null;
  if (store.connection === "away") {
    banner.textContent = `Not connected: ${store.why}. What you see is not up to date. Trying again …`;
  } else if (problem) {
    banner.textContent = `Something is wrong: ${problem}`;
  }
  banner.hidden = store.connection !== "away" && !problem;
  document.body.classList.toggle("away", store.connection === "away");
}

function showAlarm() {
  const alarm = document.getElementById("alarm");
  const open = [...store.events.values()].filter((event) => event.critical && event.phase !== "end");
  alarm.hidden = !open.length;
  put(alarm, open.map((event) =>
    h("a", { href: `#history/${event.event_id}` },
      h("strong", {}, `▲ ${store.name(event.event_type)}`),
      ` at ${event.source}, since ${timeOf(event.started_at)}`)));
}

store.addEventListener("about", () => {
  document.getElementById("node").textContent = store.about.node;
  show();
});
store.addEventListener("status", () => {
  showPills();
  showBanner();
});
store.addEventListener("connection", showBanner);
store.addEventListener("events", showAlarm);
addEventListener("hashchange", () => {
  if (!store.about) return;
  show();
  view.focus({ preventScroll: true });
  scrollTo(0, 0);
});

const leave = document.getElementById("leave");
leave.addEventListener("click", async () => {
  await post("/api/logout", {}).catch(() => {});
  location.assign("/login");
});
get("/api/entry").then(({ has_password: hasPassword }) => {
  leave.hidden = !hasPassword;
}).catch(() => {});

document.getElementById("zone").textContent = zone();
store.open();
store.watch();
