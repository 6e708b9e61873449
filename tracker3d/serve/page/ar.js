// The stage on a table: <model-viewer> with its buttons for augmented reality.
//
// Phones show a model file in a program of their own, which knows no stream. So the file holds the race as
// it stands when it is asked for, and while nobody is in augmented reality it is asked for anew.

import { ModelViewerElement } from "@google/model-viewer/dist/model-viewer-module.min.js";

const RENEW_MS = 30000;
const WORDS = {
  en: { enter: "View on your table", watch: "Watch the race", to_go: "km to go", alt: "The stage as a relief, with the riders where they are now",
    note: "The model shows the race as it stands now; come back here for a newer one.", none: "This device shows no augmented reality; turn the model with a finger." },
  fr: { enter: "Voir sur votre table", watch: "Suivre la course", to_go: "km de l’arrivée", alt: "L’étape en relief, avec les coureurs où ils sont maintenant",
    note: "Le modèle montre la course à cet instant ; revenez ici pour un plus récent.", none: "Cet appareil n’a pas la réalité augmentée ; tournez le modèle du doigt." },
};

ModelViewerElement.dracoDecoderLocation = "";
ModelViewerElement.ktx2TranscoderLocation = "";

const find = (id) => document.getElementById(id);

async function begin() {
  const manifest = await (await fetch("manifest.json")).json();
  const words = WORDS[manifest.language] ?? WORDS.en;
  document.documentElement.lang = manifest.language;
  document.title = manifest.title;
  find("title").textContent = manifest.title;
  find("watch").textContent = words.watch;
  find("credits").textContent = [manifest.simulated ? manifest.words.simulated : "", ...manifest.credits].filter(Boolean).join(" · ");
  const viewer = new ModelViewerElement();
  const source = () => new URL(`race.glb?${Date.now()}`, document.baseURI).href;
  Object.assign(viewer, { alt: words.alt, src: source(), ar: true, arModes: "webxr scene-viewer quick-look", cameraControls: true, autoRotate: true, autoRotateDelay: 12000, interactionPrompt: "none",
    shadowIntensity: 0.6, toneMapping: "linear", cameraOrbit: "20deg 55deg 106%", fieldOfView: "32deg" });
  viewer.setAttribute("touch-action", "none");
  if (manifest.files.includes("race.usdz")) viewer.iosSrc = new URL("race.usdz", document.baseURI).href;
  const button = document.createElement("button");
  button.slot = "ar-button";
  button.className = "ar";
  button.textContent = words.enter;
  viewer.append(button);
  find("place").append(viewer);
  await viewer.updateComplete;
  viewer.addEventListener("load", () => {
    find("note").textContent = viewer.canActivateAR ? words.note : words.none;
    document.body.dataset.loaded = "yes";
    // What is loaded anew later comes without a sign.
    viewer.style.setProperty("--progress-bar-height", "0");
  });
  const renew = async () => {
    const state = await (await fetch("state.json")).json().catch(() => null);
    if (state?.to_go_m !== undefined && state.to_go_m !== null) {
      find("figures").textContent = `${(state.to_go_m / 1000).toFixed(1).replace(".", manifest.words.decimal)} ${words.to_go}`;
    }
    if (viewer.getAttribute("ar-status") !== "session-started" && !document.hidden && viewer.loaded) viewer.src = source();
  };
  setInterval(renew, RENEW_MS);
  renew();
}

begin().catch((error) => {
  console.error(error);
  find("note").textContent = String(error);
});
