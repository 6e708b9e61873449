// The stage as the export wrote it, its sky, and the renderer.

import {
  BackSide, Color, Fog, Mesh, PerspectiveCamera, Scene, ShaderMaterial, SphereGeometry, WebGLRenderer,
} from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/examples/jsm/libs/meshopt_decoder.module.js";

const HAZE = 0xc3d6e6;
const ZENITH = 0x4f86bd;
// The page draws these itself, at sizes that suit a screen.
const OWN = /^(rider|vehicle|banner|camera)_|^(leader|route)$/;
const MOST_PX_RATIO = 2;
const LEAST_PX_RATIO = 0.75;
const SLOW_MS = 42;
const FAST_MS = 19;

export class World {
  constructor(canvas, extent) {
    this.extent = extent;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, logarithmicDepthBuffer: false });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, MOST_PX_RATIO));
    this.scene = new Scene();
    this.scene.fog = new Fog(HAZE, 1, 2);
    this.camera = new PerspectiveCamera(35, 1, 1, 1000);
    this.sky = sky();
    this.scene.add(this.sky);
    this.resize();
  }

  async load(url, progress) {
    const loader = new GLTFLoader();
    loader.setMeshoptDecoder(MeshoptDecoder);
    const model = await loader.loadAsync(url, (event) => event.total && progress(event.loaded / event.total));
    model.scene.traverse((node) => {
      if (OWN.test(node.name)) node.visible = false;
      if (!node.isMesh || !node.material.map) return;
      node.material.map.anisotropy = 8;
      detail(node.material);
    });
    this.stage = model.scene;
    this.scene.add(model.scene);
  }

  resize() {
    const { clientWidth, clientHeight } = document.documentElement;
    this.width = Math.max(clientWidth, 1);
    this.height = Math.max(clientHeight, 1);
    this.renderer.setSize(this.width, this.height);
    this.camera.aspect = this.width / this.height;
    // A tall screen sees as much of the stage's width as a square one.
    this.camera.fov = this.camera.aspect >= 1 ? 35 : 2 * Math.atan(Math.tan((35 * Math.PI) / 360) / Math.max(this.camera.aspect, 0.62)) * (180 / Math.PI);
    this.leaveFree([0, 0], [1, 1]);
  }

  // Move the middle of the picture to where no panel stands, by pixels to the left and upwards; the free part is
  // so much of the width and height.
  leaveFree([left, up], free) {
    this.free = free;
    this.camera.setViewOffset(this.width, this.height, left, up, this.width, this.height);
  }

  // All pixels, however long they take; for pictures of the page.
  keepSharp() {
    this.sharp = true;
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, MOST_PX_RATIO));
  }

  // Fewer pixels where the machine is slow, and more again where it has time.
  pace(frameMs) {
    if (this.sharp) return;
    this.meanMs = 0.9 * (this.meanMs ?? frameMs) + 0.1 * Math.min(frameMs, 1000);
    this.paced = (this.paced ?? 0) + 1;
    if (this.paced < 30) return;
    const most = Math.min(window.devicePixelRatio, MOST_PX_RATIO);
    const now = this.renderer.getPixelRatio();
    let ratio = now;
    if (this.meanMs > SLOW_MS) ratio = Math.max(now * 0.8, LEAST_PX_RATIO);
    else if (this.meanMs < FAST_MS) ratio = Math.min(now * 1.15, most);
    if (ratio === now) return;
    this.paced = 0;
    this.renderer.setPixelRatio(ratio);
  }

  // Length of a pixel at a distance from the eye.
  metresPerPx(distance) {
    return (2 * distance * Math.tan((this.camera.fov * Math.PI) / 360)) / this.height;
  }

  render(range) {
    const { camera, scene } = this;
    camera.near = Math.min(Math.max(range * 0.02, 0.5), 500);
    camera.far = range * 3 + this.extent * 3;
    camera.updateProjectionMatrix();
    scene.fog.near = range * 1.5 + this.extent * 0.15;
    scene.fog.far = range * 4 + this.extent * 1.6;
    this.sky.position.copy(camera.position);
    this.sky.scale.setScalar(camera.far * 0.95);
    this.renderer.render(scene, camera);
  }
}

// Near the camera the ground's picture is coarse: a grain hanged on the place stands for what it leaves out.
function detail(material) {
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nvarying vec3 grainPlace;")
      .replace("#include <project_vertex>", "#include <project_vertex>\ngrainPlace = (modelMatrix * vec4(transformed, 1.0)).xyz;");
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", `#include <common>\n${GRAIN}`)
      .replace("#include <map_fragment>", "#include <map_fragment>\ndiffuseColor.rgb *= grain(grainPlace.xz);");
  };
}

const GRAIN = `
  varying vec3 grainPlace;
  float lattice(vec2 at) { return fract(sin(dot(mod(at, 4096.0), vec2(12.9898, 78.233))) * 43758.5453); }
  float smoothNoise(vec2 at) {
    vec2 cell = floor(at);
    vec2 way = fract(at);
    way = way * way * (3.0 - 2.0 * way);
    return mix(mix(lattice(cell), lattice(cell + vec2(1.0, 0.0)), way.x),
      mix(lattice(cell + vec2(0.0, 1.0)), lattice(cell + vec2(1.0, 1.0)), way.x), way.y);
  }
  float grain(vec2 place) {
    float pixel = max(length(dFdx(place)), length(dFdy(place)));
    float sum = 0.0;
    for (int octave = 0; octave < 4; octave++) {
      float size = 48.0 / pow(3.1, float(octave));
      float seen = 1.0 - smoothstep(0.2, 0.6, pixel / size);
      if (seen > 0.0) sum += seen * (smoothNoise(place / size) - 0.5) * (octave == 0 ? 0.12 : 0.2);
    }
    return 1.0 + sum;
  }`;

function sky() {
  const material = new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    fog: false,
    uniforms: { haze: { value: new Color(HAZE) }, zenith: { value: new Color(ZENITH) } },
    vertexShader: `varying vec3 way;
      void main() { way = position; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`,
    fragmentShader: `uniform vec3 haze; uniform vec3 zenith; varying vec3 way;
      void main() {
        gl_FragColor = vec4(mix(haze, zenith, smoothstep(0.0, 0.45, normalize(way).y)), 1.0);
        #include <colorspace_fragment>
      }`,
  });
  const mesh = new Mesh(new SphereGeometry(1, 24, 16), material);
  mesh.frustumCulled = false;
  mesh.renderOrder = -1;
  return mesh;
}
