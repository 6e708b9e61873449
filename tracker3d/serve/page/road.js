// The drawn road, and coarse heights of the ground around it.

const COLUMNS = 7; // distance, x, y, z, heading, height, colour: as the server writes them

export class Road {
  constructor(buffer, lift) {
    this.rows = new Float32Array(buffer);
    this.count = this.rows.length / COLUMNS;
    this.first = this.rows[0];
    this.last = this.rows[(this.count - 1) * COLUMNS];
    this.step = (this.last - this.first) / (this.count - 1);
    this.lift = lift;
  }

  // Writes the place at a road distance, moved to the left by some metres, into target; returns the heading.
  place(distance, lateral, target) {
    const at = Math.min(Math.max((distance - this.first) / this.step, 0), this.count - 1.0001);
    const row = Math.floor(at);
    const share = at - row;
    const low = row * COLUMNS;
    const high = low + COLUMNS;
    const { rows } = this;
    const mixed = (column) => rows[low + column] + share * (rows[high + column] - rows[low + column]);
    const heading = mixed(4);
    target.set(
      mixed(1) - Math.cos(heading) * lateral,
      mixed(2) + this.lift,
      mixed(3) - Math.sin(heading) * lateral,
    );
    return heading;
  }

  height(distance) {
    return this.value(distance, 5);
  }

  // The colour of the road's gradient, 0xRRGGBB.
  colour(distance) {
    return this.value(distance, 6);
  }

  value(distance, column) {
    const row = Math.round((distance - this.first) / this.step);
    return this.rows[Math.min(Math.max(row, 0), this.count - 1) * COLUMNS + column];
  }
}

export class Relief {
  constructor(buffer) {
    const head = new DataView(buffer);
    this.rows = head.getInt32(0, true);
    this.columns = head.getInt32(4, true);
    this.x0 = head.getFloat32(8, true);
    this.z0 = head.getFloat32(12, true);
    this.step = head.getFloat32(16, true);
    this.heights = new Float32Array(buffer, 20);
  }

  height(x, z) {
    const column = (x - this.x0) / this.step;
    const row = (this.z0 - z) / this.step;
    if (column < 0 || row < 0 || column > this.columns - 1 || row > this.rows - 1) return -Infinity;
    const c = Math.min(Math.floor(column), this.columns - 2);
    const r = Math.min(Math.floor(row), this.rows - 2);
    const [u, v] = [column - c, row - r];
    const at = r * this.columns + c;
    const south = this.heights[at] * (1 - u) + this.heights[at + 1] * u;
    const north = this.heights[at + this.columns] * (1 - u) + this.heights[at + this.columns + 1] * u;
    return south * (1 - v) + north * v;
  }

  // How far the line from one point to another lies under the ground, at its worst; negative above it.
  // The heights are coarse: the first metres do not count.
  cover(from, to, { steps = 32, skip = 60 } = {}) {
    let worst = -Infinity;
    const begin = Math.min(skip / from.distanceTo(to), 1);
    for (let step = 0; step < steps; step += 1) {
      const share = begin + ((1 - begin) * step) / steps;
      const x = from.x + share * (to.x - from.x);
      const z = from.z + share * (to.z - from.z);
      worst = Math.max(worst, this.height(x, z) - (from.y + share * (to.y - from.y)));
    }
    return worst;
  }
}
