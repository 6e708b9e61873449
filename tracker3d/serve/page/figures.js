// Riders and cars as small models that keep a readable size on the screen, all of a kind in one draw call.

import {
  BoxGeometry, BufferAttribute, CapsuleGeometry, Color, CylinderGeometry, DynamicDrawUsage, InstancedMesh,
  Matrix4, MeshBasicMaterial, Quaternion, SphereGeometry, TorusGeometry, Vector3,
} from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";

const UP = new Vector3(0, 1, 0);
export const RIDER_HEIGHT_M = 1.75;
const LEAST_PX = 20;
const LEAST_CAR_PX = 13;
const FAR_SCALE = 4;
const FAR_M_PER_PX = 2; // cars would stand in front of riders

// Light is baked into the colours of the vertices: the instance's colour is multiplied with them.
function shaded(geometry, base) {
  const normals = geometry.getAttribute("normal");
  const colours = new Float32Array(normals.count * 3);
  for (let index = 0; index < normals.count; index += 1) {
    const light = base * (0.72 + 0.24 * normals.getY(index) + 0.1 * normals.getX(index));
    colours.fill(light, 3 * index, 3 * index + 3);
  }
  geometry.setAttribute("color", new BufferAttribute(colours, 3));
  geometry.deleteAttribute("uv");
  return geometry.index ? geometry.toNonIndexed() : geometry;
}

// A rider on a bicycle who rides towards -z (north), wheels on the ground.
function riderGeometry() {
  const wheel = (z) => shaded(new TorusGeometry(0.33, 0.05, 6, 18).rotateY(Math.PI / 2).translate(0, 0.36, z), 0.16);
  const back = shaded(new CapsuleGeometry(0.2, 0.46, 4, 10).rotateX(-0.95).translate(0, 1.12, -0.06), 1);
  const hips = shaded(new SphereGeometry(0.2, 10, 8).translate(0, 0.98, 0.2), 1);
  const legs = shaded(new CapsuleGeometry(0.13, 0.5, 4, 8).translate(0, 0.62, 0.06), 0.32);
  const arms = shaded(new CapsuleGeometry(0.08, 0.4, 4, 8).rotateX(0.3).translate(0, 0.98, -0.42), 0.9);
  const head = shaded(new SphereGeometry(0.18, 12, 10).scale(1, 0.95, 1.15).translate(0, 1.54, -0.34), 1.15);
  const frame = shaded(new BoxGeometry(0.06, 0.3, 0.85).translate(0, 0.55, 0), 0.45);
  return mergeGeometries([wheel(-0.5), wheel(0.5), back, hips, legs, arms, head, frame]);
}

// The same from afar, with as few triangles as a hundred and eighty of them allow.
function farGeometry() {
  const body = shaded(new CapsuleGeometry(0.3, 0.75, 2, 6).rotateX(-0.5).translate(0, 0.95, 0.02), 1);
  const head = shaded(new SphereGeometry(0.24, 6, 4).translate(0, 1.6, -0.3), 1.15);
  const wheels = shaded(new BoxGeometry(0.12, 0.6, 1.5).translate(0, 0.32, 0), 0.2);
  return mergeGeometries([body, head, wheels]);
}

function carGeometry() {
  const body = shaded(new BoxGeometry(1.8, 0.7, 4.3).translate(0, 0.65, 0), 0.95);
  const cabin = shaded(new CylinderGeometry(0.95, 1.25, 0.6, 4, 1).rotateY(Math.PI / 4).scale(1, 1, 1.3).translate(0, 1.3, 0.2), 0.3);
  const wheels = [[-0.8, -1.4], [0.8, -1.4], [-0.8, 1.4], [0.8, 1.4]].map(([x, z]) =>
    shaded(new CylinderGeometry(0.33, 0.33, 0.2, 12).rotateZ(Math.PI / 2).translate(x, 0.33, z), 0.14));
  return mergeGeometries([body, cabin, ...wheels]);
}

export class Figures {
  constructor(scene, most) {
    this.most = most;
    this.riders = this.mesh(scene, riderGeometry());
    this.far = this.mesh(scene, farGeometry());
    this.cars = this.mesh(scene, carGeometry());
    this.meshes = [this.riders, this.far, this.cars];
    this.matrix = new Matrix4();
    this.turn = new Quaternion();
    this.size = new Vector3();
    this.colour = new Color();
  }

  mesh(scene, geometry) {
    const mesh = new InstancedMesh(geometry, new MeshBasicMaterial({ vertexColors: true, fog: false }), this.most);
    mesh.instanceMatrix.setUsage(DynamicDrawUsage);
    mesh.frustumCulled = false;
    mesh.count = 0;
    mesh.setColorAt(0, new Color(1, 1, 1));
    scene.add(mesh);
    return mesh;
  }

  begin() {
    for (const mesh of this.meshes) mesh.count = 0;
  }

  // metresPerPx: how long a pixel is where the rider is.
  add({ position, heading, colour, vehicle, metresPerPx, emphasis }) {
    if (vehicle && metresPerPx > FAR_M_PER_PX) return;
    const least = (vehicle ? LEAST_CAR_PX : LEAST_PX) * emphasis;
    const scale = Math.max(1.15, (least * metresPerPx) / RIDER_HEIGHT_M);
    const mesh = vehicle ? this.cars : scale > FAR_SCALE ? this.far : this.riders;
    if (mesh.count >= this.most) return;
    this.turn.setFromAxisAngle(UP, -heading);
    this.matrix.compose(position, this.turn, this.size.setScalar(scale));
    mesh.setMatrixAt(mesh.count, this.matrix);
    mesh.setColorAt(mesh.count, this.colour.set(colour));
    mesh.count += 1;
  }

  end() {
    for (const mesh of this.meshes) {
      mesh.visible = mesh.count > 0;
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
  }
}
