import { mismatch } from '../base/checks.js';
import { oneOrAll } from '../base/list.js';
import { factoryName, restartNames, uniqueName } from '../base/names.js';
import type { DType, Shape } from '../engine/engine.js';
import { KerasTensor, type OperationNode } from '../core/kerasTensor.js';
import type { Sym } from './sym.js';
import { Trace } from './trace.js';

/** How a layer is being called. */
export interface CallContext {
  /** Whether the call is part of a training step (dropout then drops). */
  readonly training: boolean;
  /** The key of random ops in this step, int32 [2]; without one each trace has its own. */
  readonly key?: Sym;
}

/**
 * The masks that a call gives, one for each input: its index in the list of what goes in, where masks come after the inputs; null where
 * the call gives none.
 */
export type GivenMasks = readonly (number | null)[];

/** What a call in a model's description says about itself: `training`, its masks, and what its layer takes besides. */
export type CallOptions = Readonly<
  | Record<string, boolean>
  | {
      /** The masks that the call gives. */
      mask: GivenMasks;
    }
>;

/** Operations that wait for their names. */
const unnamed: Operation[] = [];

/**
 * What a model is made of: a layer, or the call of an op on outputs of layers. A model is a list of their calls, not one trace: each kind
 * of step (training, prediction) and each set of dtypes traces them anew.
 */
export abstract class Operation {
  /** The kind of layer or op, in configurations and summaries. */
  abstract readonly className: string;
  #name: string | undefined;
  #node: OperationNode | undefined;

  constructor(name?: string) {
    this.#name = name;
    if (name === undefined && unnamed.push(this) === 1)
      queueMicrotask(() => {
        Operation.#nameAll();
        unnamed.length = 0;
      });
  }

  /** Its name within a model. */
  get name(): string {
    if (this.#name === undefined) Operation.#nameAll();
    return (this.#name ??= uniqueName(factoryName(this.className)));
  }

  /** Names count operations in the order in which they were made, not in which somebody asks for their names. */
  static #nameAll(): void {
    for (const operation of unnamed.splice(0)) {
      // One whose constructor still runs does not know its class yet.
      if ((operation.className as string | undefined) === undefined) unnamed.push(operation);
      else operation.#name ??= uniqueName(factoryName(operation.className));
    }
  }

  /** Lets automatic names count from the start; operations that were made before keep theirs. @internal */
  static restartNames(): void {
    Operation.#nameAll();
    restartNames();
  }

  /** What went into its first call on outputs of layers. @throws EngineError `STATE` where there was none. */
  get input(): KerasTensor | readonly KerasTensor[] {
    return oneOrAll(this.#firstNode().inputs);
  }

  /** What came out of its first call on outputs of layers. @throws EngineError `STATE` where there was none. */
  get output(): KerasTensor | readonly KerasTensor[] {
    return oneOrAll(this.#firstNode().outputs);
  }

  /** The arguments that make an equal one. */
  abstract getConfig(): Record<string, unknown>;

  /** Computes its outputs in a trace. @internal */
  abstract run(inputs: readonly Sym[], context: CallContext): readonly Sym[];

  /** Records in a model's description that it follows the operations that make these. @internal */
  follow(inputs: readonly KerasTensor[], options?: CallOptions): readonly KerasTensor[] {
    const node = this.nodeFor(inputs, options);
    this.#node ??= node;
    return node.outputs;
  }

  /** A call on outputs of layers, which the operation does not remember. @internal */
  protected nodeFor(inputs: readonly KerasTensor[], options?: CallOptions): OperationNode {
    const outputs: KerasTensor[] = [];
    const node: OperationNode = { operation: this, inputs, outputs, ...(options && { options }) };
    for (const { shape, dtype } of this.outputsFor(inputs, options))
      outputs.push(new KerasTensor(node, shape, dtype));
    return node;
  }

  /** The outputs' types, from a call in a graph that is thrown away: the engine is the one truth about shapes. @internal */
  protected outputsFor(
    inputs: readonly { shape: Shape; dtype: DType }[],
    options?: CallOptions,
  ): readonly Sym[] {
    const trace = new Trace();
    const syms = inputs.map(({ dtype, shape }, i) => trace.input(dtype, shape, `input ${i}`));
    return trace.within(() => this.run(syms, { training: false, ...options }));
  }

  #firstNode(): OperationNode {
    if (this.#node) return this.#node;
    throw mismatch(
      this.name,
      'a layer that was applied to the output of another',
      'one that was not',
      'STATE',
    );
  }
}
