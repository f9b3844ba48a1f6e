// Bundles groupbuy/static/src into groupbuy/static/dist: hashed names that may be cached for ever, a manifest that tells
// the application which name is current, and .br/.gz beside each so no server compresses the same file twice.
// The same sources give the same bytes on every machine.
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import esbuild from "esbuild";

const SRC = "groupbuy/static/src";
const DIST = "groupbuy/static/dist";

await rm(DIST, { recursive: true, force: true });
const { metafile } = await esbuild.build({
  entryPoints: ["phone.css", "supplier.css", "phone.js"].map((name) => join(SRC, name)),
  outdir: DIST,
  bundle: true,
  minify: true,
  format: "esm",
  splitting: true,
  // WeChat on older Android and iPhones; esbuild needs telling that Safari 14 can destructure (its table names a bug we do not meet).
  target: ["chrome86", "safari14"],
  supported: { destructuring: true },
  entryNames: "[name]-[hash]",
  chunkNames: "c-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "linked", // licences go in a file beside the bundle, not down the wire
  metafile: true,
});

const manifest = {};
for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = basename(path);
  const bytes = await readFile(path);
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  await writeFile(`${path}.br`, brotliCompressSync(bytes));
}
// Last, so a manifest never names a file that is not there yet.
await writeFile(join(DIST, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
