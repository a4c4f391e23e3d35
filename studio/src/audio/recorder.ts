import { Ears, level, peak } from "./levels";

export const RATE = 48_000;
/** What was heard before the key is part of the recording: who speaks at once is not cut. */
const BEFORE_MS = 300;

interface Take {
  samples: Float32Array;
  rate: number;
}

/** Turns the microphone into takes. The microphone stays open between words, so that the next one starts at once. */
export class Recorder {
  /** The newest block's peak and level, for the meter. */
  onLevel: (peak: number, db: number) => void = () => undefined;
  /** The recording stopped, by the speaker or by itself. */
  onTake: (take: Take) => void = () => undefined;
  /** The microphone was unplugged, or taken away, perhaps in the middle of a recording, which is then a take. */
  onGone: (wasRecording: boolean) => void = () => undefined;

  #context: AudioContext | undefined;
  #stream: MediaStream | undefined;
  #before: { block: Float32Array; db: number }[] = [];
  #blocks: Float32Array[] | undefined;
  #ears = new Ears([]);
  #turn = 0;

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  get recording(): boolean {
    return this.#blocks !== undefined;
  }

  /** Ask for the microphone. Rejects with a sentence for people. */
  async open(): Promise<void> {
    if (this.#stream?.active) {
      await this.#context?.resume();
      return;
    }
    this.close();
    const mine = this.#turn;
    const stream = await microphone();
    if (mine !== this.#turn) {
      // The page was left while the browser asked.
      stream.getTracks().forEach((track) => {
        track.stop();
      });
      return;
    }
    this.#stream = stream;
    try {
      await this.#listen(stream);
    } catch (error) {
      this.close(); // so that the next try begins anew
      throw new Error("The browser cannot record: open this page anew.", { cause: error });
    }
  }

  async #listen(stream: MediaStream): Promise<void> {
    const context = (this.#context = await contextFor(stream));
    stream.getAudioTracks()[0]?.addEventListener("ended", () => {
      this.onGone(this.recording);
      this.stop();
      this.close();
    });
    await context.audioWorklet.addModule("worklet.js");
    const tap = new AudioWorkletNode(context, "tap", { numberOfInputs: 1, numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      this.#hear(data);
    };
    context.createMediaStreamSource(stream).connect(tap);
    await context.resume();
  }

  start(): void {
    this.#blocks = this.#before.map(({ block }) => block);
    this.#ears = new Ears(this.#before.map(({ db }) => db));
  }

  stop(): void {
    const blocks = this.#blocks;
    if (!blocks || !this.#context) return;
    this.#blocks = undefined;
    const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      samples.set(block, at);
      at += block.length;
    }
    this.onTake({ samples, rate: this.#context.sampleRate });
  }

  /** Stop without a take. */
  drop(): void {
    this.#blocks = undefined;
  }

  /** Give the microphone back. */
  close(): void {
    this.#turn++;
    this.drop();
    this.#before = [];
    this.#stream?.getTracks().forEach((track) => {
      track.stop();
    });
    void this.#context?.close();
    this.#stream = this.#context = undefined;
  }

  #hear(block: Float32Array): void {
    const rate = this.#context?.sampleRate ?? RATE;
    const db = level(block);
    this.onLevel(peak(block), db);
    if (this.#blocks) {
      this.#blocks.push(block);
      if (this.#ears.hear(db, (1000 * block.length) / rate)) this.stop();
    }
    this.#before.push({ block, db });
    while (this.#before.length * block.length > (rate * BEFORE_MS) / 1000) this.#before.shift();
  }
}

/** The microphone, as it is: what browsers do to calls makes words uneven. Rejects with a sentence for people. */
async function microphone(): Promise<MediaStream> {
  // Browsers leave it away where the address is not safe.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error("Browsers give the microphone only to pages whose address begins with https.");
  try {
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return await devices.getUserMedia({ audio });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    const why =
      {
        NotAllowedError: "The browser may not use the microphone: allow it in the address bar, then try again.",
        NotFoundError: "There is no microphone: connect one, then try again.",
      }[name] ?? "The microphone cannot be opened: perhaps another program uses it. Close that, then try again.";
    throw new Error(why, { cause: error });
  }
}

/** A context at 48 kHz, or at the microphone's own rate where the browser joins no others. */
async function contextFor(stream: MediaStream): Promise<AudioContext> {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    context.createMediaStreamSource(stream);
    return context;
  } catch {
    await context.close();
    return new AudioContext();
  }
}

/** The samples at 48 kHz. */
export async function at48k({ samples, rate }: Take): Promise<Float32Array> {
  if (rate === RATE || !samples.length) return samples;
  const context = new OfflineAudioContext(1, Math.ceil((samples.length * RATE) / rate), RATE);
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(new Float32Array(samples), 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}
