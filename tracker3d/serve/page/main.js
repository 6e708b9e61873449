// The page of a race: loads the stage, listens to the stream, and draws what is at the clock's moment.

import { Vector3 } from "three";
import { Cameras } from "./cameras.js";
import { PlayClock } from "./clock.js";
import { Figures } from "./figures.js";
import { History } from "./history.js";
import { Labels } from "./labels.js";
import { Panels } from "./panels.js";
import { Profile } from "./profile.js";
import { Relief, Road } from "./road.js";
import { RoadLine } from "./roadline.js";
import { Stream } from "./stream.js";
import { gapText, words } from "./words.js";
import { World } from "./world.js";

const NEAR_RIDERS = 14;
const RENEW_MS = 15000;
const MOST_FIGURES = 400;
const STALE = 2; // presence from which a rider is only guessed at
const LOST = 3;
const FAR_M = 3000;
const FAR_GROUPS = 7;
const UNKNOWN_COLOUR = "#9aa7b5";

class Page {
  constructor(manifest, road, relief) {
    this.manifest = manifest;
    this.road = road;
    this.relief = relief;
    this.words = words(manifest.language);
    this.riders = new Map(manifest.riders.map((rider) => [rider.bib, rider]));
    this.world = new World(document.querySelector("#view"), manifest.extent_m);
    this.cameras = new Cameras(this.world, relief, road, manifest);
    this.figures = new Figures(this.world.scene, MOST_FIGURES);
    this.line = new RoadLine(this.world.scene, road);
    this.labels = new Labels(document.querySelector("#labels"), this.world, relief);
    this.history = new History(road);
    this.clock = new PlayClock(1000 * manifest.interval_s);
    this.profile = new Profile(document.querySelector("#profile"), road, manifest);
    this.followed = null;
    this.places = new Map();
    this.frames = 0;
    this.panels = new Panels(manifest, {
      toggle: () => this.clock.toggle(),
      back: () => this.clock.skip(-30000 * (this.clock.speed || 1)),
      live: () => this.clock.goLive(),
      stage: () => this.follow(null),
      follow: (target) => this.follow(target),
    });
    this.fit();
    window.addEventListener("resize", () => this.fit());
    document.fonts?.ready.then(() => this.fit());
  }

  listen() {
    this.stream = new Stream(1000 * this.manifest.interval_s, {
      onFrame: (frame) => {
        if (frame.bibs.some((bib) => !this.riders.has(bib))) this.renewRiders();
        this.history.add(frame);
        this.clock.heard(frame, performance.now());
      },
      onChange: () => {},
    });
    const draw = (nowMs) => {
      requestAnimationFrame(draw);
      this.draw(nowMs);
    };
    requestAnimationFrame(draw);
  }

  // Somebody is in the stream whom the manifest did not know: the server's newest one does.
  async renewRiders() {
    const nowMs = performance.now();
    if (nowMs - (this.renewedMs ?? -Infinity) < RENEW_MS) return;
    this.renewedMs = nowMs;
    const manifest = await (await fetch("manifest.json")).json().catch(() => null);
    for (const rider of manifest?.riders ?? []) this.riders.set(rider.bib, rider);
    this.manifest.riders = [...this.riders.values()];
  }

  fit() {
    this.world.resize();
    this.profile.fit();
    this.panels.fit();
    this.world.leaveFree(...this.panels.free());
    if (!this.followed) this.cameras.showStage(true);
  }

  // An address may say whom to follow: #leader, or #21 for a number.
  followAddress() {
    const said = decodeURIComponent(location.hash.slice(1));
    const rider = /^\d+$/.test(said) ? this.riders.get(Number(said)) : null;
    if (said === "leader") this.follow({ kind: "leader", title: this.words.leader });
    else if (rider) this.follow({ kind: "rider", bib: rider.bib, title: rider.name });
  }

  follow(target) {
    this.followed = target;
    if (target) this.cameras.follow(target);
    else this.cameras.showStage();
  }

  draw(nowMs) {
    const { history, clock, world } = this;
    world.pace(nowMs - (this.drawnMs ?? nowMs));
    this.drawnMs = nowMs;
    const known = history.frames.length > 0;
    const time = known ? clock.step(nowMs, history.first, history.last) : NaN;
    const distance = known && this.followed ? history.distanceOf(this.followed, time) : NaN;
    this.cameras.step(nowMs, distance);
    this.figures.begin();
    const frame = known ? this.placeRiders(time) : null;
    this.figures.end();
    const groups = frame ? this.groupsAt(frame, time) : [];
    this.labels.show(this.wanted(frame, groups), nowMs, this.panels.boxes());
    this.line.fit(world);
    world.render(this.cameras.range);
    this.profile.draw(groups);
    this.showPanels(frame, groups, nowMs);
    this.frames += 1;
  }

  placeRiders(time) {
    const { camera } = this.world;
    this.places.clear();
    const frame = this.history.around(time).before;
    return this.history.visit(time, (bib, distance, lateral, row) => {
      const place = new Vector3();
      const heading = this.road.place(distance, lateral, place);
      const rider = this.riders.get(bib);
      const metresPerPx = this.world.metresPerPx(place.distanceTo(camera.position));
      const followed = this.followed?.kind === "rider" && this.followed.bib === bib;
      // Where a silent tracker was last is no place of a rider.
      if (frame.presence[row] >= LOST && !followed) return;
      this.places.set(bib, { place, distance, row });
      this.figures.add({
        position: place,
        heading,
        colour: rider?.colour ?? UNKNOWN_COLOUR,
        vehicle: bib < 0,
        metresPerPx,
        emphasis: followed ? 1.35 : 1,
      });
    });
  }

  // Groups with their fronts at the very moment, so that labels glide with their riders.
  groupsAt(frame, time) {
    return frame.groups.map((group) => ({
      ...group,
      colour: this.manifest.colours[group.role],
      front: this.history.distanceOf({ kind: "group", id: group.id }, time),
    }));
  }

  wanted(frame, groups) {
    const labels = this.placeLabels();
    if (!frame) return labels;
    labels.push(...this.groupLabels(groups));
    labels.push(...this.riderLabels(frame));
    return labels;
  }

  // From afar only groups that are some have a label, and the head of the race.
  groupLabels(groups) {
    const labels = groups.map((group, index) => this.groupLabel(group, index));
    if (this.cameras.range < FAR_M) return labels;
    const some = labels.filter((_, index) => index === 0 || groups[index].count > 2);
    return some.sort((one, other) => other.importance - one.importance).slice(0, FAR_GROUPS);
  }

  groupLabel(group, index) {
    const point = new Vector3();
    this.road.place(group.front, 0, point);
    const gap = gapText(group.gap);
    return {
      key: `group ${group.id}`,
      kind: "group",
      point,
      colour: group.colour,
      importance: 1000 + Math.min(group.count, 100) - index + (index === 0 ? 400 : group.role === "peloton" ? 200 : 0),
      stamp: `${group.title} ${group.count} ${gap} ${group.colour}`,
      raised: 12,
      parts: () => [["name", group.title], ...(group.count > 1 ? [["count", String(group.count)]] : []), ...(gap ? [["gap-text", gap]] : [])],
    };
  }

  placeLabels() {
    return this.manifest.places.map((place, index) => ({
      key: `place ${index}`,
      kind: "place",
      point: new Vector3(...place.position_m),
      colour: place.colour,
      importance: { finish: 700, climb: 600, start: 500 }[place.kind] ?? 400,
      stamp: place.title,
      parts: () => [["name", place.title], ...(place.subtitle ? [["soft", place.subtitle]] : [])],
    }));
  }

  // Near the camera riders have names, the closest to what is followed first.
  riderLabels(frame) {
    if (!this.followed || this.cameras.flight || this.cameras.range > 1200) return [];
    const { target } = this.cameras.controls;
    const near = [];
    for (const [bib, { place, row }] of this.places) {
      const rider = this.riders.get(bib);
      const chosen = this.followed.kind === "rider" && this.followed.bib === bib;
      if (bib < 0 || !rider || (frame.presence[row] >= STALE && !chosen)) continue;
      const away = place.distanceTo(target);
      if (away < 320 || chosen) near.push({ bib, rider, place, away: chosen ? -1 : away });
    }
    near.sort((one, other) => one.away - other.away);
    return near.slice(0, NEAR_RIDERS).map(({ bib, rider, place, away }) => ({
      key: `rider ${bib}`,
      kind: "rider",
      point: place,
      colour: rider.colour,
      importance: away < 0 ? 2000 : 300 - Math.min(away, 299),
      stamp: rider.name,
      raised: away < 0 ? 6 : -4,
      parts: () => [["bib", String(bib)], ["name", rider.name]],
    }));
  }

  showPanels(frame, groups, nowMs) {
    const { clock, stream } = this;
    const head = groups[0];
    const leader = frame ? this.history.distanceOf({ kind: "leader" }, clock.time) : NaN;
    const followedDistance = this.followed && frame ? this.history.distanceOf(this.followed, clock.time) : NaN;
    const shown = Number.isFinite(followedDistance) ? followedDistance : leader;
    const status = stream.connected ? (frame ? "" : this.words.waiting) : stream.connections ? this.words.lost : "";
    this.panels.show({
      frame,
      groups,
      clock,
      followed: this.followed,
      toGo: this.manifest.finish_m - shown,
      speed: this.speedOf(frame, head),
      status,
      behindMs: clock.live && clock.playing ? 0 : clock.behindMs(nowMs) / (clock.speed || 1),
    });
  }

  speedOf(frame, head) {
    if (!frame) return NaN;
    const { followed } = this;
    if (followed?.kind === "rider") {
      const row = frame.row.get(followed.bib);
      return row === undefined ? NaN : frame.speedMps[row];
    }
    const group = followed?.kind === "group" ? frame.groups.find(({ id }) => id === followed.id) : head;
    return group?.speed ?? NaN;
  }

  // What is shown now, for tests and for whoever looks into the page.
  report() {
    const eye = this.world.camera.position;
    return {
      time: this.clock.time,
      connected: this.stream.connected,
      connections: this.stream.connections,
      received: this.stream.received,
      frames: this.frames,
      behind: this.clock.behindMs(performance.now()),
      eye: eye.toArray(),
      target: this.cameras.controls.target.toArray(),
      flying: Boolean(this.cameras.flight),
      riders: Object.fromEntries(Array.from(this.places, ([bib, { place }]) => [bib, place.toArray()])),
      labels: Array.from(document.querySelectorAll(".label.on .tag"), (tag) => tag.textContent),
    };
  }
}

async function begin() {
  const loading = document.querySelector("#loading");
  const [title, text] = [loading.querySelector("b"), loading.querySelector("span")];
  const bar = loading.querySelector("progress");
  let own = words(navigator.language.slice(0, 2));
  const fail = (message) => {
    loading.classList.add("failed");
    text.textContent = message;
  };
  text.textContent = own.loading;
  if (!document.createElement("canvas").getContext("webgl2")) {
    fail(own.noWebgl);
    return;
  }
  try {
    const get = async (name) => {
      const answer = await fetch(name);
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return answer;
    };
    const manifest = await (await get("manifest.json")).json();
    own = words(manifest.language);
    title.textContent = manifest.title;
    text.textContent = own.loading;
    const [road, relief] = await Promise.all(["road.bin", "relief.bin"].map(async (name) => (await get(name)).arrayBuffer()));
    const page = new Page(manifest, new Road(road, manifest.road_lift_m), new Relief(relief));
    await page.world.load("stage.glb", (share) => {
      bar.value = share;
    });
    page.followAddress();
    window.addEventListener("hashchange", () => page.followAddress());
    page.listen();
    window.tracker3d = page;
    loading.classList.add("done");
  } catch (error) {
    console.error(error);
    fail(own.failed);
  }
}

begin();
