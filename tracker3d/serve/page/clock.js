// Which moment of the race is drawn now.
//
// States come about a second apart and not evenly. What is drawn stays so far behind the newest one that the
// next is there before it is needed, and time runs evenly: where it must catch up or wait it runs faster or
// slower for a while, and it jumps only where somebody asks for another moment or far too much was missed.

const BUFFER_INTERVALS = 1.6;
const WINDOW_MS = 20000;
const FASTEST = 1.35;
const SLOWEST = 0.7;
const SETTLING_MS = 1500;
const JUMP_MS = 12000;

export class PlayClock {
  constructor(intervalMs) {
    this.bufferMs = BUFFER_INTERVALS * intervalMs + 200;
    this.offsets = [];
    this.speed = 1;
    this.lap = null;
    this.time = NaN;
    this.playing = true;
    this.live = true;
  }

  // A state of race time t has arrived. The earliest to arrive tell how far the race really is.
  heard(frame, nowMs) {
    if (frame.lap !== this.lap || frame.speed !== this.speed) {
      this.offsets = [];
      if (this.lap !== null && frame.lap !== this.lap) this.time = NaN;
      this.lap = frame.lap;
      this.speed = frame.speed;
    }
    this.offsets.push({ nowMs, offset: frame.t - this.speed * nowMs });
    this.offsets = this.offsets.filter((entry) => nowMs - entry.nowMs < WINDOW_MS);
  }

  edge(nowMs) {
    let best = -Infinity;
    for (const entry of this.offsets) best = Math.max(best, entry.offset);
    return best + this.speed * (nowMs - this.bufferMs);
  }

  // Returns the race time to draw; known are the first and the last moment at hand.
  step(nowMs, first, last) {
    const passed = Math.min(nowMs - (this.steppedMs ?? nowMs), 250);
    this.steppedMs = nowMs;
    if (!this.offsets.length) return this.time;
    const edge = this.edge(nowMs);
    if (Number.isNaN(this.time)) this.time = edge;
    else if (this.playing) {
      const speed = this.speed || 1;
      let rate = 1;
      if (this.live) {
        const behindMs = (edge - this.time) / speed;
        if (Math.abs(behindMs) > JUMP_MS) this.time = edge;
        rate = Math.min(FASTEST, Math.max(SLOWEST, 1 + behindMs / SETTLING_MS));
      }
      this.time += passed * this.speed * rate;
    }
    this.time = Math.min(Math.max(this.time, first), Math.max(first, last));
    return this.time;
  }

  toggle() {
    this.playing = !this.playing;
    if (!this.playing) this.live = false;
  }

  skip(ms) {
    this.time += ms;
    this.live = false;
  }

  goLive() {
    this.playing = true;
    this.live = true;
    this.time = NaN;
  }

  behindMs(nowMs) {
    return Number.isNaN(this.time) || !this.offsets.length ? 0 : this.edge(nowMs) - this.time;
  }
}
