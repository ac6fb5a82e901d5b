// The microphone: which there are, and what one of them hears.

const RATE = 16000;

/** Milliseconds for the last block to come, and for the sound to run: each takes some. */
const PATIENCE = 500;
const START = 5000;

/** Whether the browser gives this page a microphone: it must be at a safe address. */
export const mayListen = () => isSecureContext && Boolean(navigator.mediaDevices) && "audioWorklet" in AudioContext.prototype;

/** The microphones; before the reader has allowed one, they have no names. */
export async function microphones() {
  const all = mayListen() ? await navigator.mediaDevices.enumerateDevices() : [];
  return all.filter((one) => one.kind === "audioinput" && one.deviceId && one.label);
}

/** Sound at the rate that is wanted where the browser can, else at its own: the worklet makes the rest. */
async function connected(/** @type {MediaStream} */ stream) {
  let context = new AudioContext({ sampleRate: RATE });
  let source;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule("js/live-worklet.js");
  const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  source.connect(node);
  // Firefox waits for ever where the machine has nothing to play sound with.
  await Promise.race([context.resume(), new Promise((done) => setTimeout(done, START))]);
  if (context.state !== "running") {
    context.close();
    throw new Error(context.state);
  }
  return { context, node };
}

/**
 * Listen.
 * @param {string} id of the microphone; empty for the usual one
 * @param {(sound: Int16Array) => void} heard is given blocks of 100 ms
 * @param {() => void} lost is called when it was unplugged, or taken away
 * @returns {Promise<() => Promise<void>>} what ends it, once the last block was given
 */
export async function listenTo(id, heard, lost) {
  const stream = await navigator.mediaDevices.getUserMedia({
    // What filters noise for other people takes away what a model of speech would hear.
    audio: { deviceId: id ? { exact: id } : undefined, channelCount: 1, echoCancellation: false, noiseSuppression: false },
  });
  const [track] = stream.getTracks();
  try {
    const { context, node } = await connected(stream);
    const last = new Promise((done) => {
      node.port.onmessage = ({ data: { sound, isLast } }) => {
        if (sound.length) heard(sound);
        if (isLast) done(undefined);
      };
    });
    track.onended = lost;
    return async () => {
      track.onended = null;
      node.port.postMessage("end");
      await Promise.race([last, new Promise((done) => setTimeout(done, PATIENCE))]);
      track.stop();
      await context.close();
    };
  } catch (error) {
    track.stop();
    throw error;
  }
}
