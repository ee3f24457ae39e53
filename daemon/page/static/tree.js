// The ontology as a tree whose branches light up.

import { h, say } from "./dom.js";
import { percent } from "./format.js";
import { store } from "./store.js";

const WIDE = "(min-width: 50rem)";
const SEEN = 0.005;

class Row {
  constructor(node, column) {
    this.column = column;
    this.untaught = store.isUntaught(node.id);
    this.on = store.thresholds(store.chosen, node.id)?.on ?? 1;
    this.fill = h("span", { class: "fill" });
    this.number = h("span", { class: "number" });
    const mark = h("span", { class: "mark" });
    mark.style.left = `${this.on * 100}%`;
    this.element = h("span", { class: "node" + (this.untaught ? " untaught" : ""), title: this.untaught
      ? "The model was never taught this sound" : `counts from ${percent(this.on)}` },
      h("span", { class: "label" }, (node.critical ? "▲ " : "") + node.name, this.untaught ? h("span", { class: "hint" }, " (not taught)") : null),
      h("span", { class: "bar", "aria-hidden": "true" }, this.fill, this.untaught ? null : mark), this.number);
  }

  draw(source) {
    const value = source.posterior(this.column);
    this.fill.style.transform = `scaleX(${value})`;
    say(this.number, value >= SEEN ? percent(value) : "");
    this.element.classList.toggle("on", value >= this.on && !this.untaught);
  }
}

export class Tree {
  constructor() {
    this.rows = [];
    const children = new Map();
    for (const node of store.about.nodes) {
      if (!children.has(node.parent)) children.set(node.parent, []);
      children.get(node.parent).push(node);
    }
    const isWide = matchMedia(WIDE).matches;
    const branch = (node) => {
      const row = new Row(node, store.column.get(node.id));
      this.rows.push(row);
      const below = children.get(node.id) ?? [];
      return { row, list: below.length ? h("ul", {}, below.map((child) => {
        const part = branch(child);
        return h("li", {}, part.row.element, part.list);
      })) : null };
    };
    this.element = h("div", { class: "tree" }, (children.get(null) ?? []).map((top) => {
      const { row, list } = branch(top);
      if (!list) return h("div", { class: "branch" }, row.element);
      return h("details", { class: "branch", open: isWide }, h("summary", {}, row.element), list);
    }));
  }

  draw(source) {
    for (const row of this.rows) row.draw(source);
  }
}
