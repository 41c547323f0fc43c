import { mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { type Compiled, type Feed, compile } from '../core/compile.js';
import type { Sym } from '../core/sym.js';
import { Tensor, tensor } from '../core/tensor.js';
import { Variable } from '../core/variable.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Model } from '../models/model.js';
import { asSym } from '../ops/composed.js';
import { copy } from '../ops/unary.js';
import { FORMATS } from './dtypes.js';
import { type OnnxValue, TensorValue } from './import/values.js';
import { type OnnxNetwork, type OnnxPlace, checkFeeds } from './onnxNetwork.js';

/** What {@link OnnxModel.infer} gives: tensors by the names of outputs. */
export type OnnxOutputs = Readonly<Record<string, Tensor>>;

/** The places of a model and what follows of them. */
export interface Ends {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: Readonly<Record<string, KerasTensor>>;
}

/**
 * A network from an ONNX file, made by `importOnnx`. It is a model as any other (`predict`, `fit`, `getLayer`, …) where its inputs have the
 * batch as first axis; {@link infer} takes what inputs the file has, by their names.
 */
export class OnnxModel extends Model<Readonly<Record<string, KerasTensor>>> {
  override readonly className: string = 'OnnxModel';
  /** The inputs as the file describes them. */
  readonly places: readonly OnnxPlace[];
  /** The names of the outputs in the file. */
  readonly resultNames: readonly string[];
  /** The nodes and weights. */
  readonly network: OnnxNetwork;
  /** Why the network is run by {@link infer} alone. */
  readonly #reason: EngineError | undefined;
  /** Compiled for the inputs that are given; null where numbers are needed that only a run has. */
  readonly #steps = new Map<string, Compiled<Sym[], readonly Sym[]> | null>();

  /** @internal */
  constructor(
    network: OnnxNetwork,
    places: readonly OnnxPlace[],
    resultNames: readonly string[],
    connected: Ends | EngineError,
  ) {
    super(connected instanceof EngineError ? {} : connected);
    this.#reason = connected instanceof EngineError ? connected : undefined;
    this.network = network;
    this.places = places;
    this.resultNames = resultNames;
  }

  /** @internal */
  protected override unconnected(): EngineError {
    const { message } = this.#reason ?? super.unconnected();
    return new EngineError('STATE', message, { cause: this.#reason });
  }

  /**
   * Computes the outputs for inputs of any shapes that the network takes, without a batch being cut or put together. The first call with
   * new shapes compiles the network for them; one whose shapes depend on numbers (`NonZero`, `Resize` to sizes that are fed) is computed
   * node by node.
   *
   * @param feeds Inputs by their names. Those that have a default in the file may be left out.
   * @returns A tensor for each output, by its name. Whole numbers of 64 bits are int32, floats of 16 and 64 bits float32.
   * @throws EngineError `ARGUMENT` for unknown names and missing inputs, `DTYPE` for outputs that are lists or texts; from the ops.
   * @example const { y } = await net.infer({ x: ops.ones([1, 3, 224, 224]) });
   */
  async infer(feeds: Readonly<Record<string, Feed>>): Promise<OnnxOutputs> {
    checkFeeds(
      this.places.map(({ name }) => name),
      feeds,
    );
    const given = this.places.filter(({ name }) => feeds[name] !== undefined);
    const made: Tensor[] = [];
    const inputs = given.map(({ name, type }) => {
      const feed = feeds[name] as Feed;
      if (feed instanceof Variable) return feed.storage;
      if (feed instanceof Tensor) return feed;
      const temporary = tensor(feed, undefined, FORMATS[type].dtype);
      made.push(temporary);
      return temporary;
    });
    try {
      const outputs = await this.#outputs(given, inputs);
      return Object.fromEntries(this.resultNames.map((name, i) => [name, outputs[i] as Tensor]));
    } finally {
      for (const temporary of made) temporary.dispose();
    }
  }

  async #outputs(given: readonly OnnxPlace[], inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
    const key = JSON.stringify(given.map(({ name }) => name));
    const known = this.#steps.get(key);
    if (known !== null && inputs.length > 0) {
      const step =
        known ??
        compile((...syms: Sym[]) => this.#compute(given, syms).map((value) => this.#tensorOf(value)));
      this.#steps.set(key, step);
      try {
        return await step(...inputs);
      } catch (error) {
        if (!(error instanceof EngineError && error.code === 'STATE')) throw error;
        this.#steps.set(key, null);
      }
    }
    return this.#compute(given, inputs.map(asSym)).map((value) =>
      copy(this.#tensorOf(value) as unknown as Tensor),
    );
  }

  #compute(given: readonly OnnxPlace[], inputs: readonly Sym[]): OnnxValue[] {
    const values = new Map(given.map(({ name, type }, i) => [name, new TensorValue(inputs[i] as Sym, type)]));
    return this.network.compute(this.places.map(({ name }) => values.get(name)));
  }

  #tensorOf(value: OnnxValue): Sym {
    if (value instanceof TensorValue) return value.x;
    throw mismatch('infer', 'tensors of numbers as outputs', 'a list or texts', 'DTYPE');
  }
}
