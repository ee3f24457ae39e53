// A choice among all the sounds that there are.

import { h } from "./dom.js";
import { store } from "./store.js";

export function nodeChoice(name, none) {
  const depth = (node) => (node.parent ? 1 + depth(store.node.get(node.parent)) : 0);
  return h("select", { name }, h("option", { value: "" }, none),
    store.about.nodes.map((node) => h("option", { value: node.id }, "\u00a0\u00a0".repeat(depth(node)) + node.name)));
}
