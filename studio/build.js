// Builds the page into dist/: `npm run build`. `config.json` and `starter/` are put there by what serves it.
import { build } from "esbuild";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/main.tsx", out: "studio" },
    { in: "src/audio/worklet.ts", out: "worklet" },
    { in: "studio.css", out: "studio" },
  ],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});
await Promise.all(["index.html", "icon.svg"].map((name) => copyFile(join(here, name), join(out, name))));
