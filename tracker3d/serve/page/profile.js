// The height profile with its climbs, and where the groups are on it.

const RAMP = [[-8, "#5aa9d6"], [-3, "#a5d3ea"], [0, "#fbfaf0"], [3, "#ffe07a"], [5, "#fdb13c"], [7, "#ee6a2c"], [9, "#c4264f"], [12, "#741564"]];
const UNNAMED = new Set(["last_km", "start"]);
const ROOM_TOP = 26;
const ROOM_BOTTOM = 14;

export class Profile {
  constructor(canvas, road, manifest) {
    this.canvas = canvas;
    this.road = road;
    this.manifest = manifest;
    this.ground = document.createElement("canvas");
    this.fit();
  }

  fit() {
    const ratio = Math.min(window.devicePixelRatio, 2);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    if (!this.width || !this.height) return;
    for (const canvas of [this.canvas, this.ground]) {
      canvas.width = this.width * ratio;
      canvas.height = this.height * ratio;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.drawGround();
    this.drawn = null;
  }

  x(distance) {
    const { start_m: start, finish_m: finish } = this.manifest;
    return ((Math.min(Math.max(distance, start), finish) - start) / (finish - start)) * this.width;
  }

  drawGround() {
    const { start_m: start, finish_m: finish, places } = this.manifest;
    const heights = Float32Array.from({ length: Math.ceil(this.width) + 1 }, (_, px) => this.road.height(start + (px / this.width) * (finish - start)));
    const low = Math.min(...heights);
    const high = Math.max(...heights, low + 300);
    const base = this.height - ROOM_BOTTOM;
    this.y = (height) => base - 4 - ((height - low) / (high - low)) * (base - 4 - ROOM_TOP);
    const pen = this.ground.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    const perPx = (finish - start) / this.width;
    for (let px = 0; px < heights.length; px += 1) {
      const [a, b] = [Math.max(px - 2, 0), Math.min(px + 2, heights.length - 1)];
      pen.fillStyle = ramp((100 * (heights[b] - heights[a])) / ((b - a) * perPx));
      pen.fillRect(px, this.y(heights[px]), 1.2, base - this.y(heights[px]));
    }
    pen.font = '600 12px "Source Sans Pro", sans-serif';
    pen.textBaseline = "alphabetic";
    let free = -Infinity;
    for (const place of places.filter((place) => place.distance_m !== null && !UNNAMED.has(place.kind))) {
      const x = this.x(place.distance_m);
      pen.fillStyle = place.colour;
      pen.fillRect(x - 1, this.y(this.road.height(place.distance_m)) - 5, 2, base - this.y(this.road.height(place.distance_m)) + 5);
      const width = pen.measureText(place.title).width;
      const left = Math.min(Math.max(x - width / 2, 0), this.width - width);
      if (left < free + 8) continue;
      pen.fillStyle = "#fff";
      pen.fillText(place.title, left, 11);
      free = left + width;
    }
    pen.font = '400 11px "Source Sans Pro", sans-serif';
    pen.fillStyle = "#b4c0ce";
    const step = [5, 10, 20, 50].find((km) => (km * 1000) / perPx > 60) ?? 100;
    for (let km = step; km * 1000 < finish; km += step) {
      const x = this.x(finish - km * 1000);
      if (x > 24) pen.fillText(`${km} km`, x - 12, this.height - 2);
    }
  }

  draw(groups) {
    if (!this.width || !this.y) return;
    const marks = groups.map(({ front, colour, count }) => [Math.round(this.x(front) * 2) / 2, colour, Math.min(3.5 + Math.sqrt(count) * 0.45, 8)]);
    const stamp = JSON.stringify(marks);
    if (stamp === this.drawn) return;
    this.drawn = stamp;
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    pen.drawImage(this.ground, 0, 0, this.width, this.height);
    if (groups.length) {
      pen.fillStyle = "rgb(15 23 34 / 55%)";
      pen.fillRect(0, ROOM_TOP - 8, marks[0][0], this.height - ROOM_BOTTOM - ROOM_TOP + 8);
    }
    for (const [index, group] of [...groups.entries()].reverse()) {
      const [x, colour, size] = marks[index];
      pen.beginPath();
      pen.arc(x, this.y(this.road.height(group.front)), size, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.strokeStyle = "#10161f";
      pen.lineWidth = 2;
      pen.fill();
      pen.stroke();
    }
  }
}

function ramp(percent) {
  const next = RAMP.findIndex(([stop]) => stop >= percent);
  if (next === 0) return RAMP[0][1];
  if (next < 0) return RAMP.at(-1)[1];
  const [low, from] = RAMP[next - 1];
  const [high, to] = RAMP[next];
  const share = (percent - low) / (high - low);
  const channel = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
  return `rgb(${[1, 3, 5].map((at) => Math.round(channel(from, at) + share * (channel(to, at) - channel(from, at)))).join(" ")})`;
}
