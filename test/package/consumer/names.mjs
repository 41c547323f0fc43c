// Names of functions and classes, and the messages of errors, are those of the sources: esbuild renames what it bundles (stack2, _Dense).
// node names.mjs MODULE
import { pathToFileURL } from 'node:url';

const [target] = process.argv.slice(2);
const nodegrad = await import(target.endsWith('.mjs') ? pathToFileURL(target).href : target);

const isSpace = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const spaces = Object.entries(nodegrad).filter(([name, value]) => name !== 'default' && isSpace(value));
const exported = [['nodegrad', nodegrad], ...spaces].flatMap(([space, members]) =>
  Object.entries(members)
    .filter(([name, value]) => name !== 'default' && typeof value === 'function')
    .map(([name, value]) => ({ path: `${space}.${name}`, name, value })),
);

/** Every word that may be in a message: exports, their options, and words of the language. */
const known = new Set(
  exported
    .flatMap(({ name, value }) => [name, ...Object.keys(value.optionNames ?? {})])
    .concat([
      'float32',
      'int32',
      'uint8',
      'bfloat16',
      'axis1',
      'axis2',
      'beta1',
      'beta2',
      'mixedBfloat16',
      'tensorFloat32',
      'Float32Array',
      'Float64Array',
      'Int32Array',
      'Uint8Array',
    ]),
);
// Layers count themselves: dense_1.
const isStrange = (word) => (/[A-Za-z]\d+$/.test(word) || /^_[A-Za-z]/.test(word)) && !known.has(word);

const problems = [];
// What one file adds to the class of another is easily left out of a bundle.
if (typeof nodegrad.Tensor.prototype.slice !== 'function') problems.push('Tensor has no method slice');
for (const { path, name, value } of exported)
  if (value.name !== '' && value.name !== name && isStrange(value.name))
    problems.push(`${path} is called ${value.name}`);
// Node shows the name that the text has: "Class constructor Dense cannot be invoked without 'new'".
for (const { path, name, value } of exported)
  if (/^class\b/.test(value) && !String(value).startsWith(`class ${value.name || name}`))
    problems.push(`the text of ${path} has another name than ${value.name}`);

/** Calls with what nothing takes, and looks through what is said about it. */
let messages = 0;
function provoke(path, body) {
  let message;
  try {
    body();
    return;
  } catch (error) {
    message = String(error.message);
  }
  messages += 1;
  const words = message.match(/(?<![\w.])[A-Za-z_]\w*/g) ?? [];
  for (const word of words) if (isStrange(word)) problems.push(`${path} says ${word}: ${message}`);
}

const { Sequential, compile, layers } = nodegrad;
const net = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
for (const { path, value } of exported) {
  for (const wrong of [[], [{ nonsense: 1 }], [7], [[1], { nonsense: 1 }], [value]]) {
    provoke(path, () => value(...wrong));
    provoke(path, () => new value(...wrong));
  }
  provoke(`loss: ${path}`, () => net().compile({ loss: value }));
  provoke(`optimizer: ${path}`, () => net().compile({ optimizer: value }));
  provoke(`metric: ${path}`, () => net().compile({ metrics: [value] }));
  provoke(`layer: ${path}`, () => new Sequential([value]));
  provoke(`initializer: ${path}`, () =>
    layers.dense({ units: 1, kernelInitializer: value }).apply(layers.input({ shape: [2] })),
  );
  provoke(`compile: ${path}`, () => compile(value, value));
}
for (const problem of [...new Set(problems)].slice(0, 20)) console.error(problem);
console.log(`${exported.length} names, ${messages} messages`);
process.exit(problems.length > 0 || messages < 1000 ? 1 : 0);
