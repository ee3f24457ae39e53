// "This was wrong": kept on this machine, as a row for the next training.

import { get, post } from "./api.js";
import { h, put } from "./dom.js";
import { wholeTimeOf } from "./format.js";
import { nodeChoice } from "./nodes.js";
import { store } from "./store.js";

export function mistakeForm(event) {
  const form = h("form", {},
    h("p", {}, "Was it something else? It is kept on this machine, and nowhere else, to teach the next model."),
    h("label", {}, "In truth it was", nodeChoice("label", "I do not know")),
    h("label", {}, "Note", h("input", { name: "note", maxLength: 500 })),
    h("button", { type: "submit" }, "Keep: this was wrong"));
  send(form, () => ({
    kind: "false_alarm",
    event_id: event.event_id,
    label: form.elements.label.value || null,
    note: form.elements.note.value,
  }));
  const known = h("p", { class: "hint" });
  get("/api/mistakes").then(({ mistakes }) => {
    const mine = mistakes.filter((each) => each.event_id === event.event_id).at(-1);
    if (!mine) return;
    known.textContent = `You said that this was wrong, on ${wholeTimeOf(mine.noted_at)}`
      + (mine.label ? `: it was “${store.name(mine.label)}”.` : ".");
  }).catch(() => {});
  return h("div", {}, known, h("details", { class: "mistake" }, h("summary", {}, "This was wrong"), form));
}

export function missedForm() {
  const form = h("form", {},
    h("label", {}, "What it was", nodeChoice("label", "choose")),
    h("label", {}, "When", h("input", { type: "datetime-local", name: "at", required: true })),
    h("label", {}, "Where", h("select", { name: "source" },
      [...store.sources.keys()].map((name) => h("option", { value: name }, name)))),
    h("label", {}, "Note", h("input", { name: "note", maxLength: 500 })),
    h("button", { type: "submit" }, "Keep: this was missed"));
  form.elements.label.required = true;
  send(form, () => ({
    kind: "missed",
    label: form.elements.label.value,
    at: new Date(form.elements.at.value).toISOString(),
    source: form.elements.source.value,
    note: form.elements.note.value,
  }));
  return h("details", { class: "card mistake" }, h("summary", {}, "A sound was missed"), form);
}

function send(form, row) {
  const answer = h("p", { role: "status" });
  form.append(answer);
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    try {
      const { has_clip: hasClip } = await post("/api/mistakes", row());
      put(answer, hasClip ? "Kept, with its recording." : "Kept. There is no recording of it, so it tells when, not how.");
    } catch (problem) {
      put(answer, `Not kept: ${problem.message}`);
    }
  });
}
