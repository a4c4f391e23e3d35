// Builds the page into dist/: `npm run build`. `config.json` and `starter/` come from what serves it.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const common = { absWorkingDir: here, outdir: out, bundle: true, minify: true, target: "es2023", logLevel: "warning" };
const { metafile } = await build({
  ...common,
  entryPoints: [
    { in: "src/main.tsx", out: "studio" },
    { in: "src/audio/worklet.ts", out: "worklet" },
    { in: "studio.css", out: "studio" },
  ],
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
});
// The files that the first one imports are asked for together with it.
const first = metafile.outputs["dist/studio.js"].imports.filter(({ kind }) => kind === "import-statement");
const preloads = first.map(({ path }) => `<link rel="modulepreload" href="${basename(path)}" />`);
const page = await readFile(join(here, "index.html"), "utf8");
await writeFile(join(out, "index.html"), page.replace("<!-- modules -->", preloads.join("\n    ")));
await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));

// The worker keeps these files, and has another version where one of them is another.
const files = (await readdir(out)).sort();
const hash = createHash("sha256");
for (const file of files) hash.update(`${file}\n`).update(await readFile(join(out, file)));
const own = files.map((file) => (file === "index.html" ? "./" : file));
await build({
  ...common,
  entryPoints: [{ in: "src/worker.ts", out: "worker" }],
  define: { FILES: JSON.stringify(own), VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)) },
});
