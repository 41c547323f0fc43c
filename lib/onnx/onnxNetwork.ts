import { expected, isPlainObject, mismatch } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { CallContext } from '../core/operation.js';
import type { Sym } from '../core/sym.js';
import { symbolic } from '../core/apply.js';
import { Trace } from '../core/trace.js';
import { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { Initializer } from '../initializers/initializer.js';
import { MultiInputLayer } from '../layers/multiInputLayer.js';
import { asSym } from '../ops/composed.js';
import { cast } from '../ops/unary.js';
import { FORMATS, type NumberType } from './dtypes.js';
import { settledOf } from './import/call.js';
import type { Network } from './import/network.js';
import { type OnnxValue, TensorValue } from './import/values.js';

/** Numbers that a file gives to a weight. */
class Stored extends Initializer {
  readonly className = 'Stored';

  constructor(readonly first: Tensor) {
    super();
  }

  protected draw(): Tensor {
    return this.first;
  }
}

/** An input or output of a network. */
export interface OnnxPlace {
  /** Its name in the file. */
  readonly name: string;
  /** What ONNX calls its numbers. */
  readonly type: NumberType;
  /** Its sizes, -1 where one is not known; undefined where the file does not say how many there are. */
  readonly shape: readonly number[] | undefined;
}

/** A weight of a network: its name in the file, its numbers, and whether training may change it. */
export interface OnnxWeight {
  readonly name: string;
  readonly value: TensorValue;
  readonly trainable: boolean;
}

/** The nodes of an ONNX file as one layer, with its float tensors as weights. Made by `importOnnx`. */
export class OnnxNetwork extends MultiInputLayer {
  readonly className = 'OnnxNetwork';
  readonly #network: Network;
  readonly #inputs: readonly OnnxPlace[];
  readonly #wanted: readonly string[];
  readonly #weights: readonly (readonly [name: string, weight: Variable, type: NumberType])[];

  /** @internal */
  constructor(
    name: string | undefined,
    network: Network,
    inputs: readonly OnnxPlace[],
    wanted: readonly string[],
    weights: readonly OnnxWeight[],
  ) {
    super(name === undefined ? {} : { name });
    this.#network = network;
    this.#inputs = inputs;
    this.#wanted = wanted;
    this.#weights = weights.map(({ name: own, value, trainable }) => {
      const first = value.x as unknown as Tensor;
      const initializer = new Stored(first);
      return [
        own,
        this.addWeight({ name: own, shape: first.shape, initializer, trainable }),
        value.type,
      ] as const;
    });
    this.built = true;
  }

  call(inputs: readonly Sym[], _context: CallContext): Sym | readonly Sym[] {
    const made = this.compute(inputs.map((one, i) => this.#valueOf(one, itemAt(this.#inputs, i).type)));
    return made.map((value, i) => {
      // What is known already becomes a constant of the step.
      const name = itemAt(this.#wanted, i);
      if (value instanceof TensorValue) {
        const x = settledOf(`output '${name}'`, 'numbers', value);
        return Trace.current ? symbolic(Trace.current, x) : x;
      }
      throw expected('importOnnx', 'tensors of numbers as outputs', name, 'DTYPE');
    });
  }

  /** The outputs for inputs in their order; undefined leaves one out. @internal */
  compute(inputs: readonly (OnnxValue | undefined)[]): OnnxValue[] {
    const given = new Map<string, OnnxValue>();
    for (const [name, weight, type] of this.#weights) given.set(name, new TensorValue(asSym(weight), type));
    inputs.forEach((value, i) => {
      if (value) given.set(itemAt(this.#inputs, i).name, value);
    });
    return this.#network.run(given, this.#wanted);
  }

  #valueOf(x: Sym, type: NumberType): TensorValue {
    const { dtype } = FORMATS[type];
    return new TensorValue(x.dtype === dtype ? x : cast(x, dtype), type);
  }

  /** @throws EngineError `STATE`: the nodes of a file are in no configuration. */
  override getConfig(): Record<string, unknown> {
    throw mismatch(
      this.name,
      'a layer with a configuration',
      'the network of an ONNX file: use saveWeights and importOnnx',
      'STATE',
    );
  }
}

/** Inputs by their names. @throws EngineError `ARGUMENT`. @internal */
export function checkFeeds(names: readonly string[], feeds: unknown): void {
  if (!isPlainObject(feeds)) throw expected('infer', 'a record of inputs by name', feeds);
  const wrong = Object.keys(feeds).find((name) => !names.includes(name));
  if (wrong !== undefined) throw expected('infer', `inputs ${names.join(', ')}`, wrong);
}
