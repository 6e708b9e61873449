// The stream of states: one connection that is made anew whenever it ends, from where it ended.
// The browser's own words for being away are heeded, and a quiet line is taken for a dead one.

import { decode } from "./wire.js";

const WAITS_MS = [200, 500, 1000, 2000, 4000];
const QUIET_INTERVALS = 6;

export class Stream {
  constructor(intervalMs, { onFrame, onChange }) {
    this.quietMs = Math.max(4000, QUIET_INTERVALS * intervalMs);
    this.onFrame = onFrame;
    this.onChange = onChange;
    this.connected = false;
    this.connections = 0;
    this.received = 0;
    this.mark = "";
    this.failures = 0;
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
    this.open();
  }

  open() {
    clearTimeout(this.waiting);
    const url = new URL("stream", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("form", "binary");
    if (this.mark) url.searchParams.set("since", this.mark);
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.watch();
    socket.onmessage = (message) => socket === this.socket && this.take(message.data);
    socket.onclose = () => socket === this.socket && this.lost();
    this.watch();
  }

  take(data) {
    const frame = decode(data);
    this.mark = frame.id;
    this.received += 1;
    this.failures = 0;
    if (!this.connected) {
      this.connected = true;
      this.connections += 1;
      this.onChange();
    }
    this.watch();
    this.onFrame(frame);
  }

  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), this.quietMs);
  }

  lost() {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    if (this.connected) {
      this.connected = false;
      this.onChange();
    }
    const wait = WAITS_MS[Math.min(this.failures, WAITS_MS.length - 1)];
    this.failures += 1;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.open(), wait * (0.75 + 0.5 * Math.random()));
  }

  retry() {
    if (!this.socket) this.open();
  }
}
