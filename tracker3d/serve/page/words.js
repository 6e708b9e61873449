// What the page says besides the words of the theme.

const WORDS = {
  en: {
    play: "Play", pause: "Pause", back: "30 s", live: "Live", replay: "Replay", stage: "Whole stage", follow: "Follow", following: "Following",
    find: "Name, team or number", phone: "Phone", scan: "Open it on a phone", table: "Put the stage on a table (AR)",
    scanText: "Scan the code with a phone in this network.", localOnly: "Only this machine can open this address. Start the server with --host 0.0.0.0 to let phones in.",
    lost: "The connection is lost; trying again.", waiting: "Waiting for the first positions.", delay: "{seconds} s behind", ended: "Finished",
    loading: "Loading the stage", noWebgl: "This browser cannot show 3D (WebGL 2 is missing or switched off).", failed: "The stage cannot be loaded; reload the page.",
    leader: "First on the road", riders: "riders",
  },
  fr: {
    play: "Lire", pause: "Pause", back: "30 s", live: "Direct", replay: "Rejeu", stage: "Toute l’étape", follow: "Suivre", following: "Suivi",
    find: "Nom, équipe ou dossard", phone: "Mobile", scan: "Ouvrir sur un mobile", table: "Poser l’étape sur une table (RA)",
    scanText: "Scannez le code avec un mobile de ce réseau.", localOnly: "Seule cette machine peut ouvrir cette adresse. Lancez le serveur avec --host 0.0.0.0 pour les mobiles.",
    lost: "La connexion est perdue ; nouvel essai.", waiting: "En attente des premières positions.", delay: "{seconds} s de retard", ended: "Terminé",
    loading: "Chargement de l’étape", noWebgl: "Ce navigateur ne peut pas montrer la 3D (WebGL 2 manque ou est coupé).", failed: "L’étape ne peut pas être chargée ; rechargez la page.",
    leader: "Premier sur la route", riders: "coureurs",
  },
};

export const words = (language) => WORDS[language] ?? WORDS.en;

export function gapText(seconds) {
  if (!Number.isFinite(seconds) || seconds < 1) return "";
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `+${hours}:${two(minutes)}:${two(rest)}` : `+${minutes}:${two(rest)}`;
}
