// Builds dist/app.js and dist/style.css, which are checked in so that the C++ build needs no node (decision 0171).
import { build } from 'esbuild';

await build({
  entryPoints: ['source/app.jsx', 'source/style.css'],
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2021',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: '/* Sealwire dashboard; holds Preact and uPlot, MIT licence */' },
});
