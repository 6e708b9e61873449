// States as they came, and the race at any moment between them.
//
// Riders are interpolated along the road, never through the air: a monotone cubic of road distance between
// two states, then the place on the road. So bends are ridden, however far apart the states are.

const MOST_FRAMES = 1800;

export class History {
  constructor(road) {
    this.road = road;
    this.frames = [];
  }

  add(frame) {
    const last = this.frames.at(-1);
    if (last && (frame.lap !== last.lap || frame.t < last.t)) this.frames = [];
    if (last && frame.t === last.t && frame.lap === last.lap) this.frames.pop();
    this.frames.push(frame);
    if (this.frames.length > MOST_FRAMES) this.frames.shift();
  }

  get first() {
    return this.frames[0]?.t ?? NaN;
  }

  get last() {
    return this.frames.at(-1)?.t ?? NaN;
  }

  // The states before and after a moment, and how much of the way between them is gone.
  around(time) {
    const { frames } = this;
    let low = 0;
    let high = frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (frames[middle].t <= time) low = middle;
      else high = middle - 1;
    }
    const before = frames[low];
    const after = frames[Math.min(low + 1, frames.length - 1)];
    const span = after.t - before.t;
    return { before, after, share: span > 0 ? Math.min(Math.max((time - before.t) / span, 0), 1) : 0, span };
  }

  // Every rider at a moment: visit(bib, distance, lateral, row of the state before).
  visit(time, visit) {
    const { before, after, share, span } = this.around(time);
    for (let row = 0; row < before.bibs.length; row += 1) {
      const bib = before.bibs[row];
      const next = after.row.get(bib);
      let distance = before.distance[row];
      let lateral = before.lateral[row];
      if (next !== undefined && span > 0) {
        distance = between(distance, after.distance[next], before.speedMps[row], after.speedMps[next], span / 1000, share);
        lateral += share * (after.lateral[next] - lateral);
      }
      visit(bib, distance, lateral, row);
    }
    return before;
  }

  // Road distance of a rider or of a group's front at a moment; NaN where it is not there.
  distanceOf(target, time) {
    const { before, after, share, span } = this.around(time);
    const found = (frame) => {
      if (target.kind === "rider") {
        const row = frame.row.get(target.bib);
        return row === undefined ? null : [frame.distance[row], frame.speedMps[row]];
      }
      const group = target.kind === "leader" ? frame.groups[0] : frame.groups.find(({ id }) => id === target.id);
      if (group) return [group.front, group.speed];
      return target.kind === "leader" ? foremost(frame) : null;
    };
    const [one, two] = [found(before), found(after)];
    if (!one) return two ? two[0] : NaN;
    if (!two || span <= 0) return one[0];
    return between(one[0], two[0], one[1], two[1], span / 1000, share);
  }
}

function foremost(frame) {
  let best = -1;
  for (let row = 0; row < frame.bibs.length; row += 1) {
    if (frame.bibs[row] > 0 && (best < 0 || frame.distance[row] > frame.distance[best])) best = row;
  }
  return best < 0 ? null : [frame.distance[best], frame.speedMps[best]];
}

// Cubic Hermite whose slopes are kept so that nobody rides backwards (Fritsch and Carlson 1980).
function between(low, high, lowSpeed, highSpeed, seconds, share) {
  const gained = high - low;
  if (gained <= 0) return low + share * gained;
  const most = 3 * gained;
  const a = Math.min(lowSpeed * seconds, most);
  const b = Math.min(highSpeed * seconds, most);
  const rest = 1 - share;
  return low + share * gained + share * rest * ((a - gained) * rest - (b - gained) * share);
}
