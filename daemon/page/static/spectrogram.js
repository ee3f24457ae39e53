// Half a minute of log-mel columns that scrolls to the left.

import { h } from "./dom.js";
import { COLUMNS, store } from "./store.js";

const QUIET = 30; // bytes of the feed: what is dark, and what is bright
const LOUD = 185;

// Viridis, by points: it stays ordered in grey and for every kind of colour vision.
const POINTS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137],
  [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
const COLOURS = Array.from({ length: 256 }, (_, byte) => {
  const place = Math.max(0, Math.min(1, (byte - QUIET) / (LOUD - QUIET))) * (POINTS.length - 1);
  const [low, part] = [Math.floor(place), place % 1];
  const high = Math.min(low + 1, POINTS.length - 1);
  return POINTS[low].map((value, c) => Math.round(value + (POINTS[high][c] - value) * part));
});

export class Spectrogram {
  constructor(source) {
    this.source = source;
    this.canvas = h("canvas", { width: COLUMNS, height: source.numBands, role: "img",
      "aria-label": `Spectrogram of ${source.name}: the last half minute, low sounds at the bottom` });
    const { fmin_hz: low, fmax_hz: high } = store.about.mel;
    this.element = h("div", { class: "spectrogram" },
      h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, `${(high / 1000).toFixed(1)} kHz`), h("span", {}, `${low} Hz`)),
      this.canvas,
      h("div", { class: "times", "aria-hidden": "true" }, h("span", {}, "30 s ago"), h("span", {}, "15 s"), h("span", {}, "now")));
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.context.fillStyle = `rgb(${COLOURS[0].join()})`;
    this.context.fillRect(0, 0, COLUMNS, source.numBands);
    this.drawn = source.drawn ?? [];
    if (this.drawn.length) this.paint(this.drawn);
  }

  draw() {
    const fresh = this.source.columns.splice(0);
    if (!fresh.length) return;
    // Kept for the next time that this view is opened.
    this.source.drawn = [...(this.source.drawn ?? []), ...fresh].slice(-COLUMNS);
    this.paint(fresh);
  }

  paint(columns) {
    const { context, source } = this;
    context.drawImage(this.canvas, -columns.length, 0);
    const image = context.createImageData(columns.length, source.numBands);
    columns.forEach((column, x) => {
      for (let band = 0; band < source.numBands; band += 1) {
        const place = ((source.numBands - 1 - band) * columns.length + x) * 4;
        image.data.set(COLOURS[column[band]], place);
        image.data[place + 3] = 255;
      }
    });
    context.putImageData(image, COLUMNS - columns.length, 0);
  }
}
