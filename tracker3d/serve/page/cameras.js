// Where the picture is taken from: the whole stage, or behind whom one follows.
//
// The hand may always turn, zoom and pan. What is followed moves eye and target alike, so that the hand's
// view is kept. Changes of mode fly. The ground never hides what is followed, and the eye is never in it.

import { Box3, MathUtils, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";

const FLIGHT_MS = 1800;
const CENTRED_IN = 6;
const FOLLOW_RANGE_M = 240;
const FOLLOW_POLAR = MathUtils.degToRad(68);
const SETTLE_MS = 700;
const TURN_MS = 2500;
const CLEAR_M = 4;
const LIFT_MS = 900;
const ROUGHNESS_M = 8; // what the coarse heights may be wrong by

export class Cameras {
  constructor(world, relief, road, manifest) {
    this.world = world;
    this.relief = relief;
    this.road = road;
    this.manifest = manifest;
    this.controls = new OrbitControls(world.camera, world.renderer.domElement);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.12;
    this.controls.maxPolarAngle = MathUtils.degToRad(86);
    this.controls.minDistance = 12;
    this.controls.maxDistance = manifest.extent_m * 4;
    this.controls.zoomToCursor = false;
    this.lift = 0;
    this.distance = NaN;
    this.point = new Vector3();
    this.showStage(true);
  }

  get range() {
    return this.world.camera.position.distanceTo(this.controls.target);
  }

  // The whole road, from the side that shows it largest.
  showStage(atOnce = false) {
    this.target = null;
    const { target, offset } = this.stageView();
    this.fly(target, offset, atOnce);
  }

  stageView() {
    const points = [];
    for (let share = 0; share <= 1; share += 1 / 400) {
      const point = new Vector3();
      this.road.place(this.road.first + share * (this.road.last - this.road.first), 0, point);
      points.push(point);
    }
    const target = new Box3().setFromPoints(points).getCenter(new Vector3());
    const azimuth = this.manifest.overview_azimuth_rad;
    const pitch = MathUtils.degToRad(this.world.camera.aspect < 1 ? 52 : 40);
    const view = new Vector3(Math.sin(azimuth) * Math.cos(pitch), -Math.sin(pitch), -Math.cos(azimuth) * Math.cos(pitch));
    const right = new Vector3().crossVectors(view, new Vector3(0, 1, 0)).normalize();
    const up = new Vector3().crossVectors(right, view);
    const slope = Math.tan(MathUtils.degToRad(this.world.camera.fov) / 2);
    const { free } = this.world;
    const room = [0.84 * free[0] * slope * this.world.camera.aspect, 0.7 * free[1] * slope];
    const ahead = new Vector3(view.x, 0, view.z).normalize();
    let reach = 0;
    // What is near looks larger, so the middle of the road is not the middle of its picture.
    for (let round = 0; round < CENTRED_IN; round += 1) {
      const seen = points.map((point) => {
        const from = point.clone().sub(target);
        return [from.dot(right), from.dot(up), from.dot(view)];
      });
      reach = Math.max(...seen.map(([x, y, z]) => Math.max(Math.abs(x) / room[0], Math.abs(y) / room[1]) - z));
      const middle = [0, 1].map((axis) => {
        const places = seen.map((each) => each[axis] / (each[2] + reach));
        return (Math.min(...places) + Math.max(...places)) / 2;
      });
      if (round + 1 === CENTRED_IN) break;
      target.addScaledVector(right, middle[0] * reach);
      target.addScaledVector(ahead, (middle[1] * reach) / Math.sin(pitch));
    }
    return { target, offset: view.multiplyScalar(-reach) };
  }

  follow(target) {
    this.target = target;
    this.distance = NaN;
    this.arriving = true;
  }

  fly(target, offset, atOnce = false) {
    const { camera } = this.world;
    if (atOnce) {
      this.flight = null;
      this.controls.target.copy(target);
      camera.position.copy(target).add(offset);
      this.controls.update();
      return;
    }
    this.flight = {
      begun: performance.now(),
      target: this.controls.target.clone(),
      offset: new Spherical().setFromVector3(camera.position.clone().sub(this.controls.target)),
      toTarget: target.clone(),
      toOffset: new Spherical().setFromVector3(offset),
    };
    this.controls.enabled = false;
  }

  // distance: where on the road that which is followed is now, NaN where it is not there.
  step(nowMs, distance) {
    const passed = Math.min(nowMs - (this.steppedMs ?? nowMs), 1000);
    this.steppedMs = nowMs;
    const { camera } = this.world;
    camera.position.y -= this.lift;
    if (this.target && Number.isFinite(distance)) this.keepUp(distance, passed);
    if (this.flight) this.flyOn(nowMs);
    else this.controls.update();
    this.clear(passed);
  }

  keepUp(distance, passed) {
    const jump = Number.isNaN(this.distance) || Math.abs(distance - this.distance) > 1500;
    this.distance = jump ? distance : MathUtils.damp(this.distance, distance, 1000 / SETTLE_MS, passed / 1000);
    const before = this.point.clone();
    this.road.place(this.distance, 0, this.point);
    this.point.y += 1.2;
    const heading = this.wayAhead();
    if (this.arriving) {
      this.heading = heading;
      this.arriving = false;
      this.fly(this.point, this.behind(heading));
      return;
    }
    if (jump) before.copy(this.point);
    const turned = angle(heading - this.heading) * (1 - Math.exp(-passed / TURN_MS));
    this.heading += turned;
    if (this.flight) {
      this.flight.toTarget.copy(this.point);
      this.flight.toOffset.theta -= turned;
      return;
    }
    const offset = this.world.camera.position.clone().sub(this.controls.target);
    offset.applyAxisAngle(new Vector3(0, 1, 0), -turned);
    const moved = jump ? this.point.clone().sub(this.controls.target) : this.point.clone().sub(before);
    this.controls.target.add(moved);
    this.world.camera.position.copy(this.controls.target).add(offset);
  }

  // Direction of the road over the next and the last few hundred metres: a row of hairpins is one direction.
  wayAhead() {
    const from = new Vector3();
    const to = new Vector3();
    this.road.place(this.distance - 150, 0, from);
    this.road.place(this.distance + 250, 0, to);
    return Math.atan2(to.x - from.x, from.z - to.z);
  }

  behind(heading) {
    const offset = new Vector3().setFromSphericalCoords(FOLLOW_RANGE_M, FOLLOW_POLAR, 0);
    // Without a turn the offset points to +z, south: behind one who rides north.
    return offset.applyAxisAngle(new Vector3(0, 1, 0), -heading + 0.25);
  }

  flyOn(nowMs) {
    const { flight } = this;
    const share = Math.min((nowMs - flight.begun) / FLIGHT_MS, 1);
    const eased = share * share * share * (share * (share * 6 - 15) + 10);
    const spot = new Spherical(
      Math.exp(MathUtils.lerp(Math.log(flight.offset.radius), Math.log(flight.toOffset.radius), eased)),
      MathUtils.lerp(flight.offset.phi, flight.toOffset.phi, eased),
      flight.offset.theta + eased * angle(flight.toOffset.theta - flight.offset.theta),
    );
    this.controls.target.lerpVectors(flight.target, flight.toTarget, eased);
    this.world.camera.position.setFromSpherical(spot).add(this.controls.target);
    this.world.camera.lookAt(this.controls.target);
    if (share >= 1) {
      this.flight = null;
      this.controls.enabled = true;
    }
  }

  // Raise the eye where the ground is in the way, and let it down again, gently.
  clear(passed) {
    const { camera } = this.world;
    const { target } = this.controls;
    let needed = Math.max(0, this.relief.height(camera.position.x, camera.position.z) + CLEAR_M + 0.01 * this.range - camera.position.y);
    if (this.target) {
      const eye = camera.position.clone();
      const most = this.range * 1.2;
      while (needed < most) {
        eye.y = camera.position.y + needed;
        if (this.relief.cover(target, eye, { steps: 24 }) < ROUGHNESS_M) break;
        needed += Math.max(2, 0.06 * this.range);
      }
    }
    const rate = needed > this.lift ? 3 : 1;
    this.lift = MathUtils.damp(this.lift, needed, (rate * 1000) / LIFT_MS, passed / 1000);
    if (this.lift < 0.01) this.lift = 0;
    camera.position.y += this.lift;
    if (this.lift) camera.lookAt(target);
    camera.updateMatrixWorld();
  }
}

function angle(turn) {
  return MathUtils.euclideanModulo(turn + Math.PI, 2 * Math.PI) - Math.PI;
}
