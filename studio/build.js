// Builds the page into dist/: `npm run build`. `config.json` and `starter/` come from what serves it.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/main.tsx", out: "studio" },
    { in: "src/audio/worklet.ts", out: "worklet" },
    { in: "studio.css", out: "studio" },
  ],
  outdir: out,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  minify: true,
  format: "esm",
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
  metafile: true,
});
// The files that the first one imports are asked for together with it.
const first = metafile.outputs["dist/studio.js"].imports.filter(({ kind }) => kind === "import-statement");
const preloads = first.map(({ path }) => `<link rel="modulepreload" href="${basename(path)}" />`);
const page = await readFile(join(here, "index.html"), "utf8");
await writeFile(join(out, "index.html"), page.replace("<!-- modules -->", preloads.join("\n    ")));
await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));
