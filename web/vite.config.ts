import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/board',
    emptyOutDir: true,
    // Nothing inline: the page's Content-Security-Policy takes files alone.
    assetsInlineLimit: 0,
    modulePreload: false,
    // Preact's and uPlot's, which the package then brings.
    license: { fileName: 'licenses.md' },
    target: 'es2022',
  },
});
