// What most people want, each as a few options.

/**
 * @typedef {{name: string, bytes: number, languages: string, stored: boolean, official: boolean}} Model
 */

/** Names of the presets, in their order; the texts are `preset.NAME`. */
export const PRESETS = ["balanced", "fast", "accurate", "subtitles", "translate"];

/**
 * The options of a preset, for the models that there are.
 * @param {string} name
 * @param {Model[]} models
 * @param {string} standard the default model
 * @returns {Record<string, any>}
 */
export function presetOptions(name, models, standard) {
  const official = models.filter((model) => model.official && model.languages === "all");
  const named = (/** @type {string} */ wanted) => official.find((model) => model.name === wanted)?.name;
  const largest = official.reduce((best, model) => (model.bytes > (best?.bytes ?? 0) ? model : best), official[0])?.name;
  // Times of words light what is spoken, find what is doubtful, and let a word be clicked.
  const words = { word_timestamps: true };
  switch (name) {
    case "fast":
      return { model: named("base") ?? standard, beam_size: 1 };
    case "accurate":
      return { model: named("large-v3") ?? largest ?? standard, ...words };
    case "subtitles":
      return { ...words, subtitles: "standard" };
    case "translate":
      // turbo and the English models were not taught to translate.
      return { task: "translate", ...words, ...(/turbo|\.en$/.test(standard) ? { model: named("small") ?? standard } : {}) };
    default:
      return words;
  }
}
