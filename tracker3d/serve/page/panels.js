// What stands around the picture: figures, groups, controls, and the two dialogs.

import { part } from "./labels.js";
import { gapText, words } from "./words.js";

const ICONS = {
  play: "M4 2 14 8 4 14Z", pause: "M3 2h4v12H3zM9 2h4v12H9z", back: "M8 2a6 6 0 1 1-5.7 4.2l1.9.6A4 4 0 1 0 8 4v2.5L3.8 3.2 8 0z",
  live: "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z", stage: "M1 13 6 4l3 5 2-3 4 7z", follow: "M8 1a5 5 0 0 1 5 5c0 3.5-5 9-5 9S3 9.500 3 6a5 5 0 0 1 5-5zm0 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  phone: "M4 1h8a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1zm1 2v9h6V3z",
};
const ROW_PX = 32;
const BOXES_MS = 400;
const GUTTER_PX = 14;

export class Panels {
  constructor(manifest, act) {
    this.manifest = manifest;
    this.act = act;
    this.words = words(manifest.language);
    this.byId = Object.fromEntries(Array.from(document.querySelectorAll("[id]"), (element) => [element.id, element]));
    this.stamps = new Map();
    this.boxesMs = -Infinity;
    document.documentElement.lang = manifest.language;
    document.title = manifest.title;
    for (const [use, variable] of [["panel", "--panel"], ["text", "--text"], ["accent", "--accent"], ["alert", "--alert"]]) {
      document.documentElement.style.setProperty(variable, manifest.colours[use]);
    }
    this.set("title", manifest.title);
    this.set("credits", manifest.credits.join(" · "));
    this.set("togo-word", `km ${manifest.words.to_go}`);
    this.set("speed-word", manifest.words.speed_unit);
    this.byId.simulated.hidden = !manifest.simulated;
    this.set("simulated", manifest.words.simulated);
    this.buttons();
    this.dialogs();
    this.fit();
  }

  // The window has another size: there is room for other words and rows.
  fit() {
    for (const id of ["play", "back", "live", "stage", "follow", "phone", "board"]) this.stamps.delete(id);
    this.narrow = window.matchMedia("(max-width: 760px)").matches;
    this.button("back", "back", this.words.back);
    this.button("phone", "phone", this.words.phone);
    const room = window.innerHeight - this.byId.board.getBoundingClientRect().top - this.byId.foot.offsetHeight - 60;
    this.rows = this.narrow ? 4 : Math.max(3, Math.min(12, Math.floor(room / ROW_PX)));
    this.boxesMs = -Infinity;
  }

  // Text is only touched when it changes: the browser lays out the panel anew each time.
  set(id, text) {
    if (this.stamps.get(id) === text) return;
    this.stamps.set(id, text);
    this.byId[id].textContent = text;
  }

  button(id, icon, text, pressed) {
    const stamp = `${icon} ${text} ${pressed}`;
    if (this.stamps.get(id) === stamp) return;
    this.stamps.set(id, stamp);
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 16 16");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[icon]);
    path.setAttribute("fill-rule", "evenodd");
    picture.append(path);
    const short = this.narrow && id !== "follow" && id !== "live";
    this.byId[id].replaceChildren(picture, ...(short ? [] : [part("", text)]));
    this.byId[id].setAttribute("aria-label", text);
    this.byId[id].title = text;
    if (pressed !== undefined) this.byId[id].setAttribute("aria-pressed", String(pressed));
  }

  buttons() {
    const press = (id, action) => this.byId[id].addEventListener("click", action);
    press("play", () => this.act.toggle());
    press("back", () => this.act.back());
    press("live", () => this.act.live());
    press("stage", () => this.act.stage());
    press("follow", () => this.openSheet());
    press("phone", () => this.byId.code.showModal());
  }

  dialogs() {
    const { sheet, code, search } = this.byId;
    for (const dialog of [sheet, code]) {
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
      });
    }
    this.set("sheet-title", this.words.follow);
    this.set("code-title", this.words.scan);
    const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    this.set("code-text", local ? this.words.localOnly : this.words.scanText);
    this.set("ar", this.words.table);
    search.placeholder = this.words.find;
    search.addEventListener("input", () => this.fillSheet());
  }

  openSheet() {
    this.byId.search.value = "";
    this.fillSheet();
    this.byId.sheet.showModal();
  }

  fillSheet() {
    const sought = plain(this.byId.search.value);
    const teams = new Map(this.manifest.teams.map((team) => [team.code, team.name]));
    const choices = sought ? [] : [this.choice({ kind: "leader" }, this.words.leader, this.manifest.colours.head)];
    if (!sought) {
      for (const group of this.groups ?? []) {
        choices.push(this.choice({ kind: "group", id: group.id }, group.title, group.colour, gapText(group.gap)));
      }
    }
    for (const rider of this.manifest.riders) {
      const team = teams.get(rider.team) ?? "";
      if (rider.vehicle || !plain(`${rider.bib} ${rider.first_name} ${rider.name} ${team}`).includes(sought)) continue;
      choices.push(this.choice({ kind: "rider", bib: rider.bib }, rider.name, rider.colour, team, rider.bib));
    }
    this.byId.choices.replaceChildren(...choices);
  }

  choice(target, title, colour, soft = "", bib = "") {
    const button = document.createElement("button");
    button.type = "button";
    const swatch = part("swatch", "");
    swatch.style.setProperty("--colour", colour);
    button.append(...(bib === "" ? [] : [part("bib", String(bib))]), swatch, part("", title), part("soft", soft));
    button.addEventListener("click", () => {
      this.byId.sheet.close();
      this.act.follow({ ...target, title });
    });
    return button;
  }

  // Everything that changes with time; see main.js for what is in it.
  show({ frame, groups, clock, followed, toGo, speed, status, behindMs }) {
    const { words: own, manifest } = this;
    const decimal = (text) => text.replace(".", manifest.words.decimal);
    const speedText = frame && frame.speed !== 1 && frame.speed !== 0 ? ` ×${frame.speed}` : "";
    const late = behindMs > 3000 ? own.delay.replace("{seconds}", String(Math.round(behindMs / 1000))) : "";
    this.set("togo", Number.isFinite(toGo) ? decimal((Math.max(0, toGo) / 1000).toFixed(1)) : "–");
    this.set("speed", Number.isFinite(speed) ? String(Math.round(speed * 3.6)) : "–");
    this.set("time", frame ? localTime(clock.time, manifest.timezone) : "");
    this.set("badge", frame?.ended ? own.ended : late || (manifest.live ? own.live : own.replay) + speedText);
    this.byId.badge.className = manifest.live && clock.live && !late ? "live" : "";
    this.button("play", clock.playing ? "pause" : "play", clock.playing ? own.pause : own.play);
    this.button("live", "live", own.live, clock.live);
    this.button("stage", "stage", own.stage, !followed);
    this.button("follow", "follow", followed ? followed.title : own.follow, Boolean(followed));
    this.byId.status.hidden = !status;
    this.set("status", status);
    this.groups = groups;
    this.showGroups(groups, followed);
  }

  showGroups(groups, followed) {
    const rows = this.worthARow(groups);
    const stamp = JSON.stringify(rows.map(({ id, title, count, gap, jerseys }) => [id, title, count, gapText(gap), jerseys])) + JSON.stringify(followed);
    if (this.stamps.get("board") === stamp) return;
    this.stamps.set("board", stamp);
    this.byId.board.replaceChildren(...rows.map((group) => this.row(group, followed)));
  }

  // The first, the peloton and the largest, in their order on the road.
  worthARow(groups) {
    const worth = ({ role, count }, index) => (index === 0 ? 1e6 : 0) + (role === "peloton" ? 1e5 : 0) + count - index / 1000;
    const ranked = groups.map((group, index) => [worth(group, index), index]).sort(([one], [other]) => other - one);
    const kept = new Set(ranked.slice(0, this.rows).map(([, index]) => index));
    return groups.filter((_, index) => kept.has(index));
  }

  row(group, followed) {
    const button = document.createElement("button");
    button.type = "button";
    button.style.setProperty("--colour", group.colour);
    button.setAttribute("aria-pressed", String(followed?.kind === "group" && followed.id === group.id));
    const count = part("count", "");
    count.append(...group.jerseys.map((jersey) => this.jersey(jersey)), part("number", group.count > 1 ? String(group.count) : ""));
    button.append(part("bar", ""), part("name", group.title), count, part("gap-text", gapText(group.gap)));
    button.addEventListener("click", () => this.act.follow({ kind: "group", id: group.id, title: group.title }));
    return button;
  }

  jersey(name) {
    const disc = part(`jersey ${name}`, "");
    disc.style.setProperty("--jersey", this.manifest.jersey_colours[name]);
    return disc;
  }

  // Boxes of the panels, where labels are not to stand.
  boxes() {
    const nowMs = performance.now();
    if (nowMs - this.boxesMs > BOXES_MS) {
      this.boxesMs = nowMs;
      this.taken = this.measure();
    }
    return this.taken;
  }

  // How far the middle of the free part of the window lies left of and above the window's, and how large it is.
  free() {
    const { board, foot, head } = this.byId;
    const aside = this.narrow ? 0 : board.offsetWidth + GUTTER_PX;
    const below = foot.offsetHeight + 2 * GUTTER_PX;
    const above = this.narrow ? head.offsetHeight + GUTTER_PX : 0;
    return [
      [aside / 2, (below - above) / 2],
      [1 - aside / window.innerWidth, 1 - (above + below) / window.innerHeight],
    ];
  }

  measure() {
    return ["head", "board", "foot", "simulated"].map((id) => this.byId[id].getBoundingClientRect())
      .filter(({ width, height }) => width > 0 && height > 20).map(({ left, top, right, bottom }) => [left, top, right, bottom]);
  }
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const formats = new Map();

function localTime(ms, zone) {
  if (!Number.isFinite(ms)) return "";
  if (!formats.has(zone)) {
    const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    try {
      formats.set(zone, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }));
    } catch {
      formats.set(zone, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }));
    }
  }
  return formats.get(zone).format(ms);
}
