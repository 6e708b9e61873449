// Reads one message of the stream in its compact form; STREAM.md describes it.

const HEAD = 48;
const UNKNOWN_GAP = 65535;
const NO_GROUP = 255;
const ROLES = ["head", "chase", "peloton", "dropped", "gruppetto"];
const JERSEYS = ["yellow", "green", "polka", "white"];

export function decode(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, false) !== 0x54334453 || view.getUint8(4) !== 1) throw new Error("no state of version 1");
  const flags = view.getUint8(5);
  const count = view.getUint16(6, true);
  const frame = {
    id: `${view.getUint32(8, true).toString(16).padStart(8, "0")}-${view.getUint32(12, true)}`,
    t: Number(view.getBigInt64(16, true)),
    sent: Number(view.getBigInt64(24, true)),
    delay: flags & 1 ? view.getInt32(32, true) : null,
    lap: view.getInt32(36, true),
    speed: view.getFloat32(40, true),
    toGo: view.getFloat32(44, true),
    ended: Boolean(flags & 2),
  };
  let at = HEAD;
  const column = (Type, width = 1) => {
    const values = new Type(buffer, at, count * width);
    at += values.byteLength;
    return values;
  };
  frame.positions = column(Int32Array, 3);
  frame.distance = Float64Array.from(column(Int32Array), (cm) => cm / 100);
  frame.bibs = column(Int32Array);
  frame.speedMps = Float32Array.from(column(Uint16Array), (cm) => cm / 100);
  frame.gap = Float32Array.from(column(Uint16Array), (tenths) => (tenths === UNKNOWN_GAP ? NaN : tenths / 10));
  frame.lateral = Float32Array.from(column(Int16Array), (cm) => cm / 100);
  const presence = column(Uint8Array);
  frame.presence = presence.map((value) => value & 127);
  frame.finished = presence.map((value) => value >> 7);
  frame.group = Int16Array.from(column(Uint8Array), (index) => (index === NO_GROUP ? -1 : index));
  frame.groups = groups(view, buffer, at);
  frame.row = new Map(Array.from(frame.bibs, (bib, row) => [bib, row]));
  return frame;
}

function groups(view, buffer, start) {
  const found = [];
  let at = start + 1;
  const gap = (place) => (view.getUint16(place, true) === UNKNOWN_GAP ? NaN : view.getUint16(place, true) / 10);
  for (let left = view.getUint8(start); left > 0; left -= 1) {
    const worn = view.getUint8(at + 5);
    const length = view.getUint16(at + 18, true);
    found.push({
      id: view.getUint32(at, true),
      role: ROLES[view.getUint8(at + 4)],
      jerseys: JERSEYS.filter((_, bit) => (worn >> bit) & 1),
      count: view.getUint16(at + 6, true),
      front: view.getInt32(at + 8, true) / 100,
      speed: view.getUint16(at + 12, true) / 100,
      gap: gap(at + 14),
      gapAhead: gap(at + 16),
      title: new TextDecoder().decode(new Uint8Array(buffer, at + 20, length)),
    });
    at += 20 + length;
  }
  return found;
}
