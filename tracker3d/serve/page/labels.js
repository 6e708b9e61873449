// Labels over the picture: groups, places, and riders near what is followed.
//
// The most important is placed first; one that would cover another is left out. Each stands on a stem above
// its place. Labels are elements that are kept and moved, so that the browser draws their letters.

import { Vector3 } from "three";

const STEM_PX = 26;
const MARGIN_PX = 4;
const EDGE_PX = 6;
const GROUP_STEPS = 5; // groups ride close together: their labels stand above each other
const LINGER_MS = 350;

export class Labels {
  constructor(layer, world, relief) {
    this.layer = layer;
    this.world = world;
    this.relief = relief;
    this.elements = new Map();
    this.projected = new Vector3();
  }

  // wanted: {key, kind, point, importance, html: () => [parts], colour, stamp}; drawn in order of importance.
  show(wanted, nowMs, taken) {
    const boxes = [...taken];
    const shown = new Set();
    wanted.sort((one, other) => other.importance - one.importance);
    for (const label of wanted) {
      const spot = this.spot(label);
      if (!spot) continue;
      const entry = this.entry(label);
      // A label that stood last time may stand a little closer to others: it does not flicker.
      const margin = entry.shown ? 0 : MARGIN_PX;
      const left = Math.min(Math.max(spot.x - entry.width / 2, EDGE_PX), this.world.width - entry.width - EDGE_PX);
      const steps = label.kind === "group" ? GROUP_STEPS : 1;
      let box = null;
      let stem = 0;
      for (let step = 0; step < steps && !box; step += 1) {
        stem = STEM_PX + (label.raised ?? 0) + step * (entry.height + MARGIN_PX);
        const top = spot.y - stem - entry.height;
        const tried = [left - margin, top - margin, left + entry.width + margin, top + entry.height + margin];
        if (top >= EDGE_PX && !boxes.some((other) => overlaps(tried, other))) box = tried;
      }
      if (!box) continue;
      boxes.push(box);
      const top = spot.y - stem - entry.height;
      entry.element.style.transform = `translate3d(${Math.round(left * 4) / 4}px, ${Math.round(top * 4) / 4}px, 0)`;
      entry.stem.style.height = `${stem - 2}px`;
      entry.stem.style.left = `${Math.min(Math.max(spot.x - left, 1), entry.width - 1)}px`;
      entry.element.style.zIndex = String(Math.round(label.importance));
      entry.shown = true;
      entry.seenMs = nowMs;
      entry.element.classList.add("on");
      shown.add(label.key);
    }
    for (const [key, entry] of this.elements) {
      if (shown.has(key)) continue;
      entry.shown = false;
      entry.element.classList.remove("on");
      if (nowMs - entry.seenMs > LINGER_MS) {
        entry.element.remove();
        this.elements.delete(key);
      }
    }
    return shown;
  }

  spot({ point, kind }) {
    const { camera, width, height } = this.world;
    const at = this.projected.copy(point).project(camera);
    if (at.z > 1 || Math.abs(at.x) > 1.02 || Math.abs(at.y) > 1.02) return null;
    // Where the head of the race is must be seen even behind a mountain; a place there is no use.
    const range = camera.position.distanceTo(point);
    if (kind === "place" && this.relief.cover(point, camera.position) > 10 + 0.004 * range) return null;
    return { x: ((at.x + 1) / 2) * width, y: ((1 - at.y) / 2) * height };
  }

  entry(label) {
    let entry = this.elements.get(label.key);
    if (!entry) {
      const element = document.createElement("div");
      element.className = `label ${label.kind}`;
      const tag = document.createElement("div");
      tag.className = "tag";
      const stem = document.createElement("i");
      element.append(tag, stem);
      this.layer.append(element);
      entry = { element, tag, stem, stamp: null, seenMs: 0, shown: false };
      this.elements.set(label.key, entry);
    }
    if (entry.stamp !== label.stamp) {
      entry.stamp = label.stamp;
      entry.element.style.setProperty("--colour", label.colour);
      entry.tag.replaceChildren(...label.parts().map(([kind, text]) => part(kind, text)));
      entry.width = entry.tag.offsetWidth;
      entry.height = entry.tag.offsetHeight;
    }
    return entry;
  }
}

export function part(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}

function overlaps(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}
