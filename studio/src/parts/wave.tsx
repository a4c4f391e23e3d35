import { useEffect, useRef } from "preact/hooks";

interface Props {
  samples: Float32Array;
  /** Of all samples: what is trimmed at both ends. */
  from?: number;
  to?: number;
  ink?: string;
  /** What a screen reader says of it. */
  label: string;
  /** A share of the whole where it sounds now. */
  at?: number;
}

const BAR = 4;

/** A sound as bars; what will be trimmed is hatched. */
export function Wave({ samples, from = 0, to = samples.length, ink = "--leaf", label, at }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const here = canvas.current;
    if (!here) return;
    const draw = () => {
      paint(here, samples, ink);
    };
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(here);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      watch.disconnect();
      dark.removeEventListener("change", draw);
    };
  }, [samples, ink]);
  const share = (part: number) => `${((100 * part) / Math.max(1, samples.length)).toFixed(2)}%`;
  return (
    <div class="wave" role="img" aria-label={label}>
      {from > 0 && <div class="cut" style={{ width: share(from) }} />}
      <canvas ref={canvas} />
      {to < samples.length && <div class="cut right" style={{ width: share(samples.length - to) }} />}
      {at !== undefined && <div class="head" style={{ left: `${(100 * at).toFixed(2)}%` }} />}
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, samples: Float32Array, ink: string): void {
  const { width, height } = canvas.getBoundingClientRect();
  const dense = devicePixelRatio || 1;
  canvas.width = width * dense;
  canvas.height = height * dense;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.scale(dense, dense);
  pen.fillStyle = getComputedStyle(canvas).getPropertyValue(ink);
  const bars = Math.max(1, Math.floor(width / BAR));
  const each = samples.length / bars;
  for (let i = 0; i < bars; i++) {
    let most = 0;
    const end = Math.min(samples.length, Math.ceil((i + 1) * each));
    for (let j = Math.floor(i * each); j < end; j++) most = Math.max(most, Math.abs(samples[j] ?? 0));
    // The root shows quiet ends, too.
    const tall = Math.max(2, Math.sqrt(most) * height * 0.92);
    pen.beginPath();
    pen.roundRect(i * BAR, (height - tall) / 2, BAR - 1.6, tall, 1.2);
    pen.fill();
  }
}
