// What the helper hears and feels: a high tone for done, a low one for no. Browsers allow both only after a touch.
const TONES = { ok: [[880, 0, 0.12], [1320, 0.12, 0.18]], wait: [[660, 0, 0.16]], no: [[220, 0, 0.25], [180, 0.3, 0.35]] };
const PULSES = { ok: [60], wait: [60, 60, 60], no: [250, 100, 250] };

export function announce(kind) {
  if (!(kind in TONES) || navigator.userActivation?.hasBeenActive === false) return;
  navigator.vibrate?.(PULSES[kind]);
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!Context) return;
  const audio = new Context();
  for (const [pitch, after, seconds] of TONES[kind]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    tone.type = kind === "no" ? "square" : "sine";
    volume.gain.value = 0.25;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + after);
    tone.stop(audio.currentTime + after + seconds);
  }
  setTimeout(() => audio.close(), 1500);
}
