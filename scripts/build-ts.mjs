// Builds dist/: one CommonJS bundle, a thin ES module over it, one ES module for bundlers, and the declarations of all.
// An application that imports nodegrad from both kinds of module then meets one copy of every class.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const entry = join(root, 'lib/index.ts');
const shared = {
  absWorkingDir: root,
  entryPoints: [entry],
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  // Messages show the names of functions and classes as the sources write them.
  keepNames: true,
  write: false,
};

// A class that shares its name with one of another module, which esbuild leaves nameless: losses and metrics have some.
// The name may go on in the next line.
const NAMELESS =
  /(= ?class)( extends\s\w+)?(\s?\{(?:(?!\bclass\b)[\s\S])*?static\s?\{\s*__name\(\s?this,\s?"([\w\\\n]+)"\))/g;

/**
 * Writes a bundle. Node shows the name that a class has in the text where it is called without new. esbuild calls a class that names
 * itself _Name: back to Name.
 */
function write({ outputFiles }) {
  for (const { path, text } of outputFiles) {
    const renamed = new Set([...text.matchAll(/\b(\w+) ?= ?class\s_\1\b/g)].map(([, name]) => name));
    writeFileSync(
      path,
      text
        .replace(/\b_(\w+)\b/g, (word, name) => (renamed.has(name) ? name : word))
        .replace(
          NAMELESS,
          (_, start, base = '', body, name) => `${start} ${name.replace('\\\n', '')}${base}${body}`,
        ),
    );
  }
}

// The page of the dashboard is built by build:web.
for (const name of existsSync(dist) ? readdirSync(dist) : [])
  if (name !== 'board') rmSync(join(dist, name), { recursive: true });
mkdirSync(join(dist, 'types'), { recursive: true });

const commonJs = await build({
  ...shared,
  format: 'cjs',
  outfile: join(dist, 'index.cjs'),
  sourcemap: 'linked',
  // It is parsed in a third less time. Lines stay short, so that the names which write() changes do not move much in the source map.
  minifyWhitespace: true,
  lineLimit: 120,
  // import.meta does not exist in CommonJS. The sources use nothing else of it.
  define: { 'import.meta.dirname': '__dirname' },
});
write(commonJs);

// Bundlers take this one (the condition "module" in package.json). The place of an application's file tells
// nothing: the code then finds the installed package.
const esModule = await build({
  ...shared,
  format: 'esm',
  outfile: join(dist, 'bundle.mjs'),
  metafile: true,
  define: { 'import.meta.dirname': 'undefined' },
});
write(esModule);
// The export list of this bundle, because loading the first would need the addon.
const names = Object.values(esModule.metafile.outputs)[0].exports.sort();
// `import` of a CommonJS file would first look for its exports in all of its text, which takes longer than loading it.
writeFileSync(
  join(dist, 'index.mjs'),
  `import { createRequire } from 'node:module';\nconst nodegrad = createRequire(import.meta.url)('./index.cjs');\n${names.map((name) => `export const ${name} = nodegrad.${name};\n`).join('')}`,
);

const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  { cwd: root, stdio: 'inherit' },
);
if (tsc.status !== 0) process.exit(1);
// Tensors are disposable: a user whose `lib` is older than that gets the symbol from here.
const types = join(dist, 'types/index.d.ts');
writeFileSync(types, `/// <reference lib="esnext.disposable" />\n${readFileSync(types, 'utf8')}`);
// The declarations describe the CommonJS bundle; the ES module's are the same ones, re-exported.
writeFileSync(join(dist, 'types/package.json'), '{ "type": "commonjs" }\n');
writeFileSync(join(dist, 'index.d.mts'), "export * from './types/index.js';\n");
