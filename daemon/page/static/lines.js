// The most probable nodes of the last minute as lines, each with its threshold.

import { colour, fitted, h, put } from "./dom.js";
import { percent } from "./format.js";
import { FRAMES, store } from "./store.js";

const MOST = 5;
const LEAST = 0.1;
const CHOOSE_MS = 1000;
const SAME = 0.9; // a child with this share of its parent's peak tells the same, and more
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [5, 5]];
const PAD = { left: 38, right: 8, top: 8, bottom: 20 };

export class Lines {
  constructor() {
    this.canvas = h("canvas", { class: "lines", role: "img", "aria-label": "The most probable sounds over the last minute; the table beside it has the numbers" });
    this.rows = h("tbody");
    this.chosenMs = 0;
    this.nodes = [];
    this.element = h("div", { class: "lines-and-table" }, this.canvas,
      h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Sound"),
        h("th", { scope: "col" }, "now"), h("th", { scope: "col" }, "peak"), h("th", { scope: "col" }, "counts from"))), this.rows));
  }

  draw(source) {
    if (Date.now() - this.chosenMs > CHOOSE_MS) {
      this.chosenMs = Date.now();
      this.nodes = chosen(source);
      this.list(source);
    }
    const { context, width, height } = fitted(this.canvas);
    const x = (ago) => width - PAD.right - (ago / FRAMES) * (width - PAD.left - PAD.right);
    const y = (value) => PAD.top + (1 - value) * (height - PAD.top - PAD.bottom);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("dim");
    context.strokeStyle = colour("grid");
    context.lineWidth = 1;
    for (const value of [0, 0.5, 1]) {
      context.beginPath();
      context.moveTo(PAD.left, y(value));
      context.lineTo(width - PAD.right, y(value));
      context.stroke();
      context.fillText(percent(value), 0, y(value) + 4);
    }
    context.fillText("60 s ago", PAD.left, height - 4);
    context.textAlign = "right";
    context.fillText("now", width - PAD.right, height - 4);
    context.textAlign = "left";
    this.nodes.forEach(({ column, on }, place) => {
      const ink = colour(`line${place}`);
      context.strokeStyle = ink;
      context.globalAlpha = 0.55;
      context.setLineDash([1, 5]);
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(PAD.left, y(on));
      context.lineTo(width - PAD.right, y(on));
      context.stroke();
      context.globalAlpha = 1;
      context.setLineDash(DASHES[place]);
      context.lineWidth = 2;
      context.beginPath();
      for (let ago = source.length - 1; ago >= 0; ago -= 1) context.lineTo(x(ago), y(source.posterior(column, ago)));
      context.stroke();
    });
    context.setLineDash([]);
  }

  list(source) {
    put(this.rows, this.nodes.length ? this.nodes.map(({ id, column, on, peak }, place) => h("tr", {},
      h("th", { scope: "row" }, swatch(place), store.name(id)),
      h("td", {}, percent(source.posterior(column))), h("td", {}, percent(peak)), h("td", {}, percent(on))))
      : h("tr", {}, h("td", { colSpan: 4, class: "empty" }, source.isFresh ? "Quiet: nothing above 10 %." : "Nothing is being heard.")));
  }
}

function swatch(place) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("viewBox", "0 0 26 8");
  drawn.setAttribute("class", `swatch ink${place}`);
  drawn.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M0 4h26");
  line.setAttribute("stroke-dasharray", DASHES[place].join(" "));
  drawn.append(line);
  return drawn;
}

function chosen(source) {
  const found = store.about.nodes.map((node, column) => ({
    id: node.id, parent: node.parent, column, peak: source.peak(column),
    on: store.thresholds(source.name, node.id)?.on ?? 1,
  }));
  const told = new Set(found.filter((each) => each.parent).map((each) => {
    const parent = found[store.column.get(each.parent)];
    return each.peak >= SAME * parent.peak ? parent.id : null;
  }));
  return found.filter((each) => each.peak >= LEAST && !told.has(each.id))
    .sort((a, b) => b.peak - a.peak).slice(0, MOST).sort((a, b) => a.column - b.column);
}
