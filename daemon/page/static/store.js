// What this viewer knows: the tree, the latest minute of each source, the events of now.

import { get } from "./api.js";

export const FRAMES = 600; // a minute
export const COLUMNS = 600; // half a minute of spectrogram, 50 ms each
const FRAMES_PER_S = 10;
const GAP_S = 1.5;
const STALE_MS = 3000;
const AGAIN_MS = 1500;
const ABOUT_AGAIN_MS = 60_000;
const LOAD_AT_MOST_EVERY_MS = 6000;
const DEAF_MS = 4000;

class SourceMinute {
  constructor(name, numNodes, numBands) {
    this.name = name;
    this.numNodes = numNodes;
    this.numBands = numBands;
    this.posteriors = new Float32Array(FRAMES * numNodes);
    this.levels = new Float32Array(FRAMES).fill(-120);
    this.count = 0;
    this.columns = []; // not drawn yet
    this.at = null;
    this.heardMs = 0;
  }

  take(frame) {
    this.leaveGap(frame.at);
    this.put(frame.posteriors, frame.level_dbfs);
    this.at = frame.at;
    this.heardMs = Date.now();
    const bytes = Uint8Array.from(atob(frame.log_mel), (c) => c.charCodeAt(0));
    for (let begin = 0; begin < bytes.length; begin += this.numBands) {
      this.columns.push(bytes.subarray(begin, begin + this.numBands));
    }
    if (this.columns.length > COLUMNS) this.columns.splice(0, this.columns.length - COLUMNS);
  }

  put(posteriors, level) {
    const row = this.count % FRAMES;
    for (let n = 0; n < this.numNodes; n += 1) {
      this.posteriors[row * this.numNodes + n] = (posteriors[n] ?? 0) / 1e4;
    }
    this.levels[row] = level;
    this.count += 1;
  }

  // What was not heard stays dark: a place on the screen is a moment.
  leaveGap(at) {
    const missingS = this.at === null ? 0 : (new Date(at) - new Date(this.at)) / 1000;
    if (missingS < GAP_S) return;
    const num = Math.min(FRAMES, Math.round(missingS * FRAMES_PER_S) - 1);
    for (let n = 0; n < num; n += 1) {
      this.put([], -120);
      this.columns.push(new Uint8Array(this.numBands), new Uint8Array(this.numBands));
    }
  }

  get isFresh() {
    return Date.now() - this.heardMs < STALE_MS;
  }

  get length() {
    return Math.min(this.count, FRAMES);
  }

  // Posterior of a node `ago` frames before the latest.
  posterior(column, ago = 0) {
    if (ago >= this.length) return 0;
    return this.posteriors[((this.count - 1 - ago) % FRAMES) * this.numNodes + column];
  }

  level(ago = 0) {
    return ago >= this.length ? -120 : this.levels[(this.count - 1 - ago) % FRAMES];
  }

  peak(column) {
    let highest = 0;
    for (let ago = 0; ago < this.length; ago += 1) highest = Math.max(highest, this.posterior(column, ago));
    return highest;
  }
}

class Store extends EventTarget {
  about = null;
  status = null;
  sources = new Map();
  events = new Map(); // the latest of each, by id
  connection = "loading"; // live, away
  chosen = null;
  #stream = null;
  #heardMs = 0;
  #loadedMs = 0;

  async load() {
    const [about, status, events] = await Promise.all([
      get("/api/describe"), get("/api/status"), get("/api/events?limit=30"),
    ]);
    this.#loadedMs = Date.now();
    this.about = about;
    this.status = status;
    this.column = new Map(about.nodes.map((node, n) => [node.id, n]));
    this.node = new Map(about.nodes.map((node) => [node.id, node]));
    const known = this.sources;
    this.sources = new Map(
      about.sources.map(({ name }) => {
        const before = known.get(name);
        const fits = before && before.numNodes === about.nodes.length;
        return [name, fits ? before : new SourceMinute(name, about.nodes.length, about.mel.bands)];
      }),
    );
    if (!this.sources.has(this.chosen)) this.chosen = about.sources[0]?.name ?? null;
    this.events.clear();
    for (const event of events.events.reverse()) this.events.set(event.event_id, event);
    this.#tell("about");
    this.#tell("status");
    this.#tell("events");
  }

  async open() {
    try {
      await this.load();
    } catch (problem) {
      this.#become("away", problem.message);
      setTimeout(() => this.open(), AGAIN_MS);
      return;
    }
    this.#stream?.close();
    const stream = new EventSource("/api/live");
    this.#stream = stream;
    stream.onopen = () => this.#become("live");
    stream.onmessage = (message) => this.#take(JSON.parse(message.data));
    stream.addEventListener("status", (message) => {
      this.status = JSON.parse(message.data);
      this.#heardMs = Date.now();
      this.#become("live");
      this.#tell("status");
    });
    stream.addEventListener("away", () => this.#become("away", "aed does not answer"));
    stream.onerror = () => {
      stream.close();
      if (this.#stream !== stream) return;
      this.#become("away", "aed does not answer");
      setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  // A connection can be dead without anybody saying so, as after a phone's sleep.
  watch() {
    setInterval(() => {
      if (this.connection === "live" && Date.now() - this.#heardMs > 2 * DEAF_MS) {
        this.#stream?.close();
        this.#become("away", "aed has not been heard of for a while");
        this.open();
      }
    }, DEAF_MS);
    setInterval(() => this.refresh(), ABOUT_AGAIN_MS);
  }

  // Thresholds may be asked for by others.
  async refresh() {
    try {
      const about = await get("/api/describe");
      if (JSON.stringify(about) !== JSON.stringify(this.about)) this.#loadAgain();
    } catch {
      // It is asked again.
    }
  }

  choose(name) {
    this.chosen = name;
    this.#tell("about");
  }

  thresholds(source, node) {
    return this.about.sources.find((each) => each.name === source)?.thresholds[node];
  }

  name(node) {
    return this.node.get(node)?.name ?? node;
  }

  isUntaught(node) {
    for (let id = node; id; id = this.node.get(id)?.parent) {
      if (this.about.model.untaught.includes(id)) return true;
    }
    return false;
  }

  #take(news) {
    this.#heardMs = Date.now();
    if (news.event) {
      this.events.delete(news.event.event_id);
      this.events.set(news.event.event_id, news.event);
      if (this.events.size > 60) this.events.delete(this.events.keys().next().value);
      this.#tell("events");
      return;
    }
    this.#become("live");
    const source = this.sources.get(news.source);
    if (!source || news.posteriors.length !== source.numNodes) {
      this.#loadAgain(); // the settings have changed
      return;
    }
    source.take(news);
    this.#tell("frame");
  }

  #loadAgain() {
    if (Date.now() - this.#loadedMs < LOAD_AT_MOST_EVERY_MS) return;
    this.#loadedMs = Date.now();
    this.load().catch(() => {});
  }

  #become(connection, why = "") {
    if (this.connection === connection && this.why === why) return;
    if (connection === "live") this.#heardMs = Date.now();
    this.connection = connection;
    this.why = why;
    this.#tell("connection");
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

export const store = new Store();

// Listens as long as a view is shown.
export function on(signal, what, act) {
  store.addEventListener(what, act, { signal });
}
