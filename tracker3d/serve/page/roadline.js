// The road as a ribbon: as wide as it is near the camera, never finer than a few pixels from afar.

import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, ShaderMaterial } from "three";

const HALF_WIDTH_M = 3.5;
const LEAST_PX = 4.5;
const STEP_M = 5;

export class RoadLine {
  constructor(scene, road) {
    const count = Math.ceil((road.last - road.first) / STEP_M) + 1;
    const centre = new Float32Array(count * 6);
    const side = new Float32Array(count * 6);
    const colour = new Uint8Array(count * 6);
    const place = { set: (...values) => Object.assign(place, { values }) };
    for (let index = 0; index < count; index += 1) {
      const distance = Math.min(road.first + index * STEP_M, road.last);
      const heading = road.place(distance, 0, place);
      const rgb = road.colour(distance);
      for (const [edge, sign] of [[0, -1], [1, 1]]) {
        const at = index * 6 + edge * 3;
        centre.set(place.values, at);
        side.set([sign * Math.cos(heading), sign, sign * Math.sin(heading)], at);
        colour.set([rgb >> 16, (rgb >> 8) & 255, rgb & 255], at);
      }
    }
    const faces = new Uint32Array((count - 1) * 6);
    for (let index = 0; index < count - 1; index += 1) {
      const at = 2 * index;
      faces.set([at, at + 1, at + 3, at, at + 3, at + 2], index * 6);
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(centre, 3));
    geometry.setAttribute("side", new BufferAttribute(side, 3));
    geometry.setAttribute("tint", new BufferAttribute(colour, 3, true));
    geometry.setIndex(new BufferAttribute(faces, 1));
    this.material = new ShaderMaterial({
      side: DoubleSide,
      uniforms: { metresPerPxAt1: { value: 0.001 } },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
    });
    this.mesh = new Mesh(geometry, this.material);
    this.mesh.frustumCulled = false;
    scene.add(this.mesh);
  }

  fit(world) {
    this.material.uniforms.metresPerPxAt1.value = world.metresPerPx(1);
  }
}

// What lies on the ground wins against it: the ribbon is drawn a little nearer to the eye.
const VERTEX = `
  attribute vec3 side;
  attribute vec3 tint;
  uniform float metresPerPxAt1;
  varying vec3 shade;
  varying float across;
  varying float widthPx;
  void main() {
    vec4 seen = modelViewMatrix * vec4(position, 1.0);
    float metresPerPx = metresPerPxAt1 * -seen.z;
    float halfWidth = max(${HALF_WIDTH_M.toFixed(1)}, ${(LEAST_PX / 2).toFixed(2)} * metresPerPx);
    widthPx = 2.0 * halfWidth / max(metresPerPx, 1e-6);
    vec4 edge = modelViewMatrix * vec4(position + vec3(side.x, 0.0, side.z) * halfWidth, 1.0);
    across = side.y;
    shade = tint;
    edge.xyz *= 1.0 - min(0.02, (1.5 + 3.0 * metresPerPx) / max(-edge.z, 1.0));
    gl_Position = projectionMatrix * edge;
  }`;
const FRAGMENT = `
  varying vec3 shade;
  varying float across;
  varying float widthPx;
  void main() {
    float near = smoothstep(9.0, 22.0, widthPx);
    float off = abs(across);
    float soft = 2.0 / widthPx;
    vec3 asphalt = vec3(0.22, 0.23, 0.25);
    vec3 inside = mix(shade, mix(asphalt, shade, smoothstep(0.66 - soft, 0.66 + soft, off)), near);
    float border = smoothstep(1.0 - 2.6 / widthPx - soft * 0.5, 1.0 - 1.2 / widthPx, off);
    gl_FragColor = vec4(mix(inside, inside * 0.25, border * (1.0 - near)), 1.0);
  }`;
