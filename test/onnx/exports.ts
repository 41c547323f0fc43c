// Writes a model of each layer to ONNX and runs it in onnxruntime: how many give what the model predicts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx } from '../../lib/index.js';
import { differenceOf, layerModel, layerNames, outputsOf } from '../support/onnxCases.js';
import { runFile } from './onnxruntime.js';

/** Layers that need a newer set of ops than the oldest. */
const OLDEST: Readonly<Record<string, number>> = {
  ContrastLimitedAdaptiveHistogramEqualization: 16,
  MelSpectrogram: 17,
};

/** Why the file of a layer gives something else in onnxruntime; undefined: it gives the same. */
async function failureOf(
  name: string,
  opset: number,
  isOpen: boolean,
  folder: string,
): Promise<string | undefined> {
  const path = join(folder, `${name}.onnx`);
  try {
    const { model, x, longer } = layerModel(name, isOpen);
    await exportOnnx(model as never, path, { opset });
    for (const feed of longer ? [x, longer] : [x]) {
      const wanted = await outputsOf(model, feed);
      const given = await runFile(path, feed);
      for (const [i, y] of wanted.entries()) {
        const [own, other] = [await y.data(), given[i]];
        if (other?.dims.join() !== y.shape.join())
          return `shape [${other?.dims.join()}] for [${y.shape.join()}]`;
        const difference = differenceOf(own, other.data as ArrayLike<number>);
        if (!(difference <= 1)) return `${difference} of what numbers may differ`;
      }
    }
    return undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

/** How many files are right, and what is wrong with the others. */
export async function exported(only: string): Promise<{ passed: number; wrong: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'nodegrad-onnx-'));
  const wrong: string[] = [];
  let passed = 0;
  try {
    for (const name of layerNames.filter((one) => one.includes(only)))
      for (const opset of [OLDEST[name] ?? 13, 18, 23])
        for (const isOpen of [false, true]) {
          const failure = await failureOf(name, opset, isOpen, folder);
          if (failure === undefined) passed++;
          else wrong.push(`${name}, opset ${opset}${isOpen ? ', any length' : ''}: ${failure}`);
        }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { passed, wrong };
}
