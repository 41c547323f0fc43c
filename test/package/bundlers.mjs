// The installed package in the bundles of esbuild, webpack, Rollup and Vite, and among the files that @vercel/nft finds.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild } from 'esbuild';

export const toolsFolder = join(dirname(fileURLToPath(import.meta.url)), 'tools');
const requireTool = createRequire(join(toolsFolder, 'package.json'));
const tool = async (name) => {
  const module = await import(pathToFileURL(requireTool.resolve(name)).href);
  return module.default ?? module;
};

/** CommonJS has no await at the top: the same program in a function. */
function commonJsOf(source) {
  const [, names, body] = /import (\{[^}]+\}) from 'nodegrad';([\s\S]*)/.exec(source);
  return `const ${names} = require('nodegrad');\n(async () => {${body}})();\n`;
}

/** Bundlers: each takes the program and writes one file of a format. */
const bundlers = {
  esbuild: (entry, file, format) =>
    esbuild({
      entryPoints: [entry],
      outfile: file,
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'silent',
    }).then(({ warnings }) => {
      if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
    }),

  async webpack(entry, file, format) {
    const webpack = await tool('webpack');
    const esm = format === 'esm';
    const output = {
      path: dirname(file),
      filename: file.slice(dirname(file).length + 1),
      ...(esm && { module: true, library: { type: 'module' }, chunkFormat: 'module' }),
    };
    const options = {
      mode: 'production',
      target: 'node20',
      entry,
      output,
      experiments: { outputModule: esm },
    };
    const stats = await new Promise((resolve, reject) =>
      webpack(options, (error, result) => (error ? reject(error) : resolve(result))),
    );
    if (stats.hasErrors() || stats.hasWarnings())
      throw new Error(stats.toString({ all: false, errors: true, warnings: true }));
  },

  async rollup(entry, file, format) {
    const { rollup } = await tool('rollup');
    const plugins = [
      (await tool('@rollup/plugin-node-resolve'))({ preferBuiltins: true }),
      (await tool('@rollup/plugin-commonjs'))(),
    ];
    const onLog = (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    };
    const bundle = await rollup({ input: entry, plugins, onLog });
    await bundle.write({ file, format });
    await bundle.close();
  },

  async vite(entry, file, format) {
    const { build } = await import(pathToFileURL(requireTool.resolve('vite')).href);
    await build({
      root: dirname(entry),
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: entry,
        outDir: dirname(file),
        emptyOutDir: false,
        rollupOptions: { output: { format, entryFileNames: file.slice(dirname(file).length + 1) } },
      },
    });
  },
};

/**
 * Checks the bundles that a project makes of the package which is installed in it.
 *
 * @param check Takes a name and an async body.
 * @param project The folder with node_modules/nodegrad.
 * @param far A folder from which no installed package is found.
 * @param node Runs a file with Node in a folder and gives what it prints.
 */
export async function checkBundlers(check, project, far, node) {
  const source = readFileSync(join(dirname(toolsFolder), 'consumer/bundled.mjs'), 'utf8');
  const entries = { esm: join(project, 'bundled.mjs'), cjs: join(project, 'bundled.cjs') };
  writeFileSync(entries.esm, source);
  writeFileSync(entries.cjs, commonJsOf(source));
  mkdirSync(far, { recursive: true });

  for (const [name, bundle] of Object.entries(bundlers))
    for (const format of ['esm', 'cjs']) {
      const file = join(project, 'out', `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
      await check(`a bundle of ${name} trains (${format})`, async () => {
        await bundle(entries[format], file, format);
        const printed = node(project, file);
        if (!printed.includes('trained 2')) throw new Error(`it printed ${printed}`);
      });
      await check(`a bundle of ${name} far from the package tells what to do (${format})`, () => {
        const moved = join(far, `${name}-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`);
        cpSync(file, moved);
        try {
          node(far, moved);
        } catch (error) {
          if (String(error.stderr).includes('--external:nodegrad')) return;
          throw error;
        }
        throw new Error('it ran without the package');
      });
    }

  for (const [format, entry] of Object.entries(entries))
    await check(`@vercel/nft finds all that a program needs (${format})`, async () => {
      const { nodeFileTrace } = await import(pathToFileURL(requireTool.resolve('@vercel/nft')).href);
      const { fileList } = await nodeFileTrace([entry], { base: project });
      const copy = join(far, `traced-${format}`);
      for (const file of fileList) cpSync(join(project, file), join(copy, file));
      const printed = node(copy, join(copy, entry.slice(project.length + 1)));
      if (!printed.includes('trained 2')) throw new Error(`it printed ${printed}`);
    });
}
