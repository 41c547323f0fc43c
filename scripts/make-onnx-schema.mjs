// Writes lib/onnx/schema.ts from the file onnx.proto of the package onnx (PyPI): node scripts/make-onnx-schema.mjs PATH/TO/onnx/onnx.proto
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import protobuf from 'protobufjs';

const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'lib/onnx/schema.ts');
const [file] = process.argv.slice(2);
const { root } = protobuf.parse(readFileSync(file, 'utf8'));
// Names of the text form and options for other languages are of no use here.
const descriptor = JSON.stringify(root.toJSON(), (key, value) =>
  ['options', 'protoName', 'reserved'].includes(key) && typeof value !== 'number' ? kept(key, value) : value,
);

/** Of a field's options those that say how it is written. */
function kept(key, value) {
  return key === 'options' && 'packed' in value ? { packed: value.packed } : undefined;
}

const text = `// The messages of ONNX's files, written by scripts/make-onnx-schema.mjs from onnx.proto of the ONNX project
// (https://github.com/onnx/onnx), Copyright (c) ONNX Project Contributors, Apache-2.0.
export const ONNX_SCHEMA = ${descriptor};
`;
const options = await prettier.resolveConfig(target);
writeFileSync(target, await prettier.format(text, { ...options, filepath: target }));
