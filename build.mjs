// Bundles groupbuy/static/src into groupbuy/static/dist: hashed names that may be cached for ever, a manifest that tells
// the application which name is current, and .br/.gz beside each so no server compresses the same file twice.
// The same sources give the same bytes on every machine.
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import esbuild from "esbuild";

const SRC = "groupbuy/static/src";
const DIST = "groupbuy/static/dist";

const { metafile } = await esbuild.build({
  entryPoints: ["phone.css", "supplier.css", "console.css", "gate.css", "phone.js", "console.js", "orders.js", "lists.js", "share.js", "wechatshare.js", "pickups.js", "help.js", "pay.js", "countin.js", "gate.js", "scan.js", "supplier.js", "phone/pickup.css", "print.css", "print/a4.css", "print/label.css", "print.js", "service-worker.js"].map((name) => join(SRC, name)),
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
const made = new Set(["manifest.json"]);
for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = basename(path);
  for (const ending of ["", ".gz", ".br"]) made.add(basename(path) + ending);
  const bytes = await readFile(path);
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  await writeFile(`${path}.br`, brotliCompressSync(bytes));
}
// Last and at once, so a manifest never names a file that is not there yet; what it no longer names goes after it.
await writeFile(join(DIST, "manifest.new"), `${JSON.stringify(manifest, null, 2)}\n`);
await rename(join(DIST, "manifest.new"), join(DIST, "manifest.json"));
for (const name of await readdir(DIST)) if (!made.has(name)) await rm(join(DIST, name));
