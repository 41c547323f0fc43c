const { transformSync } = require('esbuild');

module.exports = {
  process: (source, filename) =>
    transformSync(source, {
      sourcefile: filename,
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
    }),
};
