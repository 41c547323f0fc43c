import type { Layer } from '../layers/layer.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import {
  type LoadWeightsOptions,
  type SaveModelOptions,
  type SaveWeightsOptions,
  loadWeights,
  saveModel,
  saveWeights,
} from './modelFiles.js';
import { type ExportOnnxOptions, exportOnnx } from '../onnx/exportOnnx.js';
import { type ExportOptions, exportModel } from './exported.js';
import type { Model } from './model.js';
import type { OutputStructure } from './structure.js';
import { SteppedModel } from './steppedModel.js';

/** What a model writes to files and reads from them. */
export abstract class StoredModel extends SteppedModel {
  /** The layers in the order in which Keras lists them. */
  abstract get layers(): readonly Layer[];

  /** The optimizer that `compile` was given; undefined before that. @internal */
  abstract get compiledOptimizer(): BaseOptimizer | undefined;

  /**
   * Writes the model to a file: its layers, weights, what `compile` was given and the optimizer's state, as Keras 3 does it. `loadModel`
   * and Python's `keras.models.load_model` read it. It is written in one step: whatever happens, the place has the whole new file or what
   * was there. It needs the package h5wasm. https://keras.io/api/models/model_saving_apis/model_saving_and_loading/#save-method
   *
   * @param path Where to, with the ending `.keras`; or `.h5` for the format of Keras 2, which Keras 3 reads, too; or `.json` for a model of
   *   TensorFlow.js, with its numbers in files next to it.
   * @param options `overwrite`, `includeOptimizer`: see {@link SaveModelOptions}.
   * @throws EngineError `IO` where it cannot be written, `ARGUMENT` for another ending and what Keras's JSON cannot hold, `STATE` where
   *   h5wasm is not installed.
   * @example await model.save(`${folder}/model.keras`);
   */
  async save(path: string, options?: SaveModelOptions): Promise<void> {
    await saveModel(this, path, options);
  }

  /**
   * Writes the weights and the optimizer's state to a file, in one step as {@link save}.
   * https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/#saveweights-method
   *
   * @param path Where to: with the ending `.weights.h5`; with another `.h5` for the weights alone by layers, as Keras 2 has them; or with
   *   `.safetensors` for the weights alone by names such as `dense/kernel`, or in PyTorch's layout.
   * @param options `overwrite`, `layout`, `nameMap`, `flattened`: see {@link SaveWeightsOptions}.
   * @throws EngineError As {@link save}.
   * @example await model.saveWeights(`${folder}/model.weights.h5`);
   */
  async saveWeights(path: string, options?: SaveWeightsOptions): Promise<void> {
    await saveWeights(this, path, options);
  }

  /**
   * Gives the model the weights of a file, and its optimizer the state that the file has. Nothing changes unless all of it can be read.
   * https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/#loadweights-method
   *
   * @param path A file that ends with `.weights.h5` or `.keras`, of an equal model here or in Keras; with another `.h5`, of Keras 2 or its
   *   layout, as the weights of Keras's applications have it: the weights alone; or with `.safetensors`.
   * @param options `byName`, `skipMismatch`, `nameMap`, `layout`, `flattened`: see {@link LoadWeightsOptions}.
   * @throws EngineError `IO` for a file that cannot be read, was cut or changed; `ARGUMENT` for weights that do not fit; `STATE` where
   *   h5wasm is not installed.
   * @example
   *     await model.saveWeights(`${folder}/model.weights.h5`);
   *     await model.loadWeights(`${folder}/model.weights.h5`);
   */
  async loadWeights(path: string, options?: LoadWeightsOptions): Promise<void> {
    await loadWeights(this, path, options);
  }

  /**
   * Writes what the model predicts as a network in an ONNX file: see `exportOnnx`.
   *
   * @param path Where to, with the ending `.onnx`.
   * @param options `opset`, `inputNames`, `outputNames`, `inputShapes`: see {@link ExportOnnxOptions}.
   * @throws EngineError `ARGUMENT` for a layer whose ops ONNX does not have, `STATE` for a model that does not know its inputs, and where
   *   protobufjs is not installed; `IO` where the file cannot be written.
   * @example await model.exportOnnx(`${folder}/model.onnx`);
   */
  async exportOnnx(path: string, options?: ExportOnnxOptions): Promise<void> {
    await exportOnnx(this as unknown as Model<OutputStructure>, path, options);
  }

  /**
   * Writes what the model predicts in a format of other programs. https://keras.io/api/models/model_saving_apis/export/#export-method
   *
   * @param path Where to, with the ending `.onnx`.
   * @param options `format`, `verbose`, `inputSignature`, `opset`: see {@link ExportOptions}.
   * @throws EngineError As {@link exportOnnx}.
   * @example await model.export(`${folder}/model.onnx`, { format: 'onnx' });
   */
  async export(path: string, options?: ExportOptions): Promise<void> {
    await exportModel(this as unknown as Model<OutputStructure>, path, options);
  }
}
