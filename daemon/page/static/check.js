// Guided checks: does it hear the smoke alarm, and is the microphone alive and well set?

import { h, put, say } from "./dom.js";
import { decibels, percent, seconds } from "./format.js";
import { on, store } from "./store.js";

const LISTEN_S = 45;
const QUIET_S = 20;
const FRAMES_PER_S = 10;
const ALARMS = ["smoke_alarm", "co_alarm", "fire_bell", "life_safety", "alarm"];
const DEAD_DB = -100;
const MUTED_DB = -80;
const NOISY_DB = -40;
const HOT_DB = -6;
const FAINT_DB = -50;

export function checkView(view, signal) {
  if (!store.about) return;
  put(view, h("h2", {}, "Check"),
    h("div", { class: "pair" }, check(signal, {
      title: "Test my smoke alarm",
      steps: ["Tell whoever is at home. What aed does about an alarm, it will do: it may sound a siren.",
        "Press start here, then hold the TEST button of the alarm until it has sounded three times at least.",
        "Close doors as they are at night, and try each alarm of the house."],
      forS: LISTEN_S, judge: judgeAlarm,
    }), check(signal, {
      title: "Quiet room",
      steps: ["Make the room as quiet as it is at night.", `Press start, and keep still for ${QUIET_S} seconds.`],
      forS: QUIET_S, judge: judgeQuiet,
    })));
}

function check(signal, { title, steps, forS, judge }) {
  const choice = h("select", {}, [...store.sources.keys()].map((name) => h("option", { value: name }, name)));
  const button = h("button", { type: "button" }, "Start");
  const progress = h("progress", { max: forS, value: 0, "aria-label": "Time that has passed" });
  const now = h("p", { class: "number" });
  const verdict = h("div", { class: "verdict", role: "status" });
  let run = null;

  button.addEventListener("click", () => {
    if (run) {
      finish();
      return;
    }
    const source = store.sources.get(choice.value);
    run = { source, from: source.count, beganAt: Date.now(), heardFrom: new Date(source.at ?? 0), levels: [], peaks: new Map(), events: [] };
    button.textContent = "Stop";
    put(verdict, "Listening …");
  });
  const finish = () => {
    if (!run) return;
    const { kind, text, advice } = run.levels.length
      ? judge(run) : { kind: "bad", text: "Nothing was heard at all.", advice: ["Look at Health: is the source online?"] };
    put(verdict, h("p", { class: kind }, { good: "✓ ", warn: "! ", bad: "✗ " }[kind], text), h("ul", {}, advice.map((each) => h("li", {}, each))));
    button.textContent = "Start again";
    run = null;
  };
  on(signal, "frame", () => {
    if (!run) return;
    const { source } = run;
    for (let ago = source.count - run.from - run.levels.length - 1; ago >= 0; ago -= 1) {
      run.levels.push(source.level(ago));
      for (const id of ALARMS) {
        const column = store.column.get(id);
        if (column === undefined) continue;
        const value = source.posterior(column, ago);
        const best = run.peaks.get(id);
        if (!best || value > best.value) run.peaks.set(id, { value, atS: run.levels.length / FRAMES_PER_S });
      }
    }
    const latest = source.level();
    const alarm = run.peaks.get("alarm")?.value ?? 0;
    say(now, judge === judgeAlarm ? `Level ${decibels(latest)}, alarm ${percent(alarm)} at most` : `Level ${decibels(latest)}`);
  });
  on(signal, "events", () => {
    if (!run) return;
    run.events = [...store.events.values()].filter((event) =>
      event.source === run.source.name && new Date(event.detected_at) >= run.heardFrom && event.path.startsWith("alarm"));
    if (judge === judgeAlarm && run.events.some((event) => event.critical)) finish();
  });
  const timer = setInterval(() => {
    if (!run) return;
    const passedS = (Date.now() - run.beganAt) / 1000;
    progress.value = passedS;
    if (passedS >= forS) finish();
  }, 250);
  signal.addEventListener("abort", () => clearInterval(timer));
  return h("section", { class: "card check" }, h("h3", {}, title), h("ol", {}, steps.map((step) => h("li", {}, step))),
    store.sources.size > 1 ? h("label", {}, "Listen at", choice) : null,
    h("div", { class: "row" }, button, progress), now, verdict);
}

function judgeAlarm({ levels, peaks, events }) {
  const loudest = levels.reduce((a, b) => Math.max(a, b), -120);
  const critical = events.find((event) => event.critical);
  if (critical) {
    const tookS = (new Date(critical.detected_at) - new Date(critical.started_at)) / 1000;
    return { kind: loudest > HOT_DB ? "warn" : "good",
      text: `Heard and reported as ${store.name(critical.event_type)}, ${seconds(tookS)} after it began, at ${decibels(loudest)}.`,
      advice: loudest > HOT_DB ? ["It was too loud for the microphone: turn its gain down."] : ["Did the message arrive where it should: phone, siren, lamp?"] };
  }
  if (events.length) {
    return { kind: "warn", text: `Heard as “${store.name(events[0].event_type)}”, but not known to be a smoke alarm.`,
      advice: ["Let it sound longer: three pulses and a pause, twice.", "Is there an echo or a television beside it? Try again without."] };
  }
  const best = peaks.get("alarm");
  if (best && best.value > 0.3) {
    return { kind: "bad", text: `Something like an alarm was noticed (${percent(best.value)}), not enough to report it.`,
      advice: advice(loudest, "Live shows under “Not reported” what it lacked.") };
  }
  return { kind: "bad", text: `Not heard. The loudest moment was at ${decibels(loudest)}.`, advice: advice(loudest, "Was it this source that was nearest?") };
}

function advice(loudest, more) {
  if (loudest < MUTED_DB) return ["The microphone gives next to nothing: muted, covered, or the wrong device.", "Do the check of the quiet room."];
  if (loudest < FAINT_DB) return ["It was faint here: put the microphone nearer, or turn its gain up.", more];
  if (loudest > HOT_DB) return ["It was too loud for the microphone: turn its gain down.", more];
  return ["It was loud enough, so it may be a sound the model does not know: note it under History, “A sound was missed”.", more];
}

function judgeQuiet({ levels }) {
  const sorted = [...levels].sort((a, b) => a - b);
  const floor = sorted[Math.floor(sorted.length / 10)];
  const middle = sorted[Math.floor(sorted.length / 2)];
  const top = sorted.at(-1);
  const told = `Floor ${decibels(floor)}, middle ${decibels(middle)}, loudest ${decibels(top)}.`;
  if (top < DEAD_DB) return { kind: "bad", text: `Dead: digital silence. ${told}`, advice: ["Is the right device in the settings (aed devices)?", "Is there a switch on the microphone?"] };
  if (top < MUTED_DB) return { kind: "bad", text: `Muted, or as good as. ${told}`, advice: ["Unmute it, and turn its gain up (alsamixer)."] };
  if (top > HOT_DB) return { kind: "bad", text: `Too hot: it overdrives. ${told}`, advice: ["Turn the gain down: what is cut off cannot be told apart."] };
  if (middle > NOISY_DB) return { kind: "warn", text: `Loud for a quiet room. ${told}`, advice: ["A fan, a hum, or the gain is too high? Faint alarms drown in it."] };
  return { kind: "good", text: `As it should be. ${told}`, advice: ["Now test the smoke alarm."] };
}
