// What hears: the model, the tree with its thresholds, the settings as they hold.

import { h, put } from "./dom.js";
import { PATTERNS, percent, seconds, wholeTimeOf } from "./format.js";
import { store } from "./store.js";

export function modelView(view) {
  if (!store.about) return;
  const { model, version, settings } = store.about;
  const facts = [
    ["Name", `${model.name}, ${model.digest.slice(0, 8)}`],
    ["Made", model.created ? wholeTimeOf(model.created) : "–"],
    ["Licence", model.licence ?? "–"],
    ["Parameters", model.architecture?.parameters?.toLocaleString() ?? "–"],
    ["Sounds", `${store.about.nodes.length}, of which ${model.untaught.length} are not taught yet`],
    ["aed", version],
  ];
  put(view, h("h2", {}, "Model and settings"),
    h("div", { class: "pair" },
      h("section", { class: "card" }, h("h3", {}, "Model"), h("dl", {}, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
        model.quality ? h("details", {}, h("summary", {}, "What was measured"), h("pre", { tabindex: "0" }, text(model.quality))) : null,
        model.data ? h("details", {}, h("summary", {}, "What it learned from"), h("pre", { tabindex: "0" }, text(model.data))) : null),
      h("section", { class: "card" }, h("h3", {}, "Settings as they hold"),
        h("p", { class: "hint" }, "Secrets, and what of addresses may be one, are left out."),
        h("pre", { tabindex: "0", "aria-label": "Settings" }, text(settings)))),
    h("section", { class: "card scroll", tabindex: "0", "aria-label": "Thresholds" }, h("h3", {}, `Thresholds at ${store.chosen}`), thresholds()));
}

function thresholds() {
  const depth = (node) => (node.parent ? 1 + depth(store.node.get(node.parent)) : 0);
  return h("table", {}, h("thead", {}, h("tr", {},
    ["Sound", "counts from", "until below", "for", "over after", "alert", "timing"].map((each) => h("th", { scope: "col", class: each === "timing" ? "text" : "" }, each)))),
  h("tbody", {}, store.about.nodes.map((node) => {
    const numbers = store.thresholds(store.chosen, node.id);
    const name = h("th", { scope: "row", class: `depth${Math.min(depth(node), 4)}` }, (node.critical ? "▲ " : "") + node.name);
    if (store.isUntaught(node.id)) return h("tr", { class: "untaught" }, name, h("td", { colSpan: 6 }, "not taught"));
    return h("tr", {}, name, h("td", {}, percent(numbers.on)), h("td", {}, percent(numbers.off)),
      h("td", {}, seconds(numbers.dwell_s)), h("td", {}, seconds(numbers.hold_s)),
      h("td", {}, node.critical ? "critical" : node.alerts ? "alert" : "–"),
      h("td", { class: "text" }, node.patterns.map((each) => PATTERNS[each].split(":")[0]).join(", ")));
  })));
}

// As YAML is written, for people.
function text(value, indent = "") {
  if (value === null || typeof value !== "object") return String(value);
  const entries = Array.isArray(value) ? value.map((each) => ["-", each]) : Object.entries(value).map(([name, each]) => [`${name}:`, each]);
  if (!entries.length) return Array.isArray(value) ? "[]" : "{}";
  return entries.map(([name, each]) => {
    const isDeep = each !== null && typeof each === "object" && Object.keys(each).length;
    if (!isDeep) return `${indent}${name} ${text(each)}`;
    const below = text(each, `${indent}  `);
    return name === "-" ? `${indent}- ${below.trimStart()}` : `${indent}${name}\n${below}`;
  }).join("\n");
}
