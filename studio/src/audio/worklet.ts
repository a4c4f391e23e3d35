/** Runs beside the page: hands every sample of the microphone over in blocks, first channel only. */
declare function registerProcessor(name: string, kind: typeof Tap): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const BLOCK = 1024;

class Tap extends AudioWorkletProcessor {
  #block = new Float32Array(BLOCK);
  #filled = 0;

  process([input]: Float32Array[][]): boolean {
    const samples = input?.[0];
    if (samples) {
      for (let taken = 0; taken < samples.length;) {
        const count = Math.min(samples.length - taken, BLOCK - this.#filled);
        this.#block.set(samples.subarray(taken, taken + count), this.#filled);
        this.#filled += count;
        taken += count;
        if (this.#filled === BLOCK) {
          this.port.postMessage(this.#block, [this.#block.buffer]);
          this.#block = new Float32Array(BLOCK);
          this.#filled = 0;
        }
      }
    }
    return true;
  }
}

registerProcessor("tap", Tap);

export {};
