export { type ExportOnnxOptions, exportOnnx } from './exportOnnx.js';
export { type ImportOnnxOptions, importOnnx } from './importOnnx.js';
export { OnnxModel, type OnnxOutputs } from './onnxModel.js';
export { OnnxNetwork, type OnnxPlace } from './onnxNetwork.js';
