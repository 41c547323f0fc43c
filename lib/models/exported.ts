import { type OptionNames, expected, knownOptions } from '../base/checks.js';
import { exportOnnx } from '../onnx/exportOnnx.js';
import type { Model } from './model.js';
import type { OutputStructure } from './structure.js';

/** What `model.export` takes. */
export interface ExportOptions {
  /** The format of the file. Default `onnx`, the one that there is. */
  format?: 'onnx';
  /** Whether a line tells what was written. Default false. */
  verbose?: boolean;
  /** The shapes of the inputs with the batch first; null is a size that may be any. Default: those of the model. */
  inputSignature?: readonly (readonly (number | null)[])[];
  /** The version of ONNX's set of ops. Default 18. */
  opset?: number;
}

const names = {
  format: 'optional',
  verbose: 'boolean',
  inputSignature: 'optional',
  opset: 'optional',
} satisfies OptionNames<ExportOptions>;

/** {@link StoredModel.export} */
export async function exportModel(
  model: Model<OutputStructure>,
  path: string,
  options: ExportOptions = {},
): Promise<void> {
  knownOptions('export', options, names);
  const { format = 'onnx', verbose = false, inputSignature, opset } = options;
  if ((format as unknown) !== 'onnx') throw expected('export', "'onnx' as format", format);
  await exportOnnx(model, path, {
    ...(inputSignature !== undefined && { inputShapes: inputSignature }),
    ...(opset !== undefined && { opset }),
  });
  if (verbose) console.log(`Wrote the model '${model.name}' to ${path}`);
}
