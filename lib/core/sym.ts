import type { Attrs, DType, TypedArray, ValueId } from '../engine/engine.js';
import type { Trace } from './trace.js';
import type { TraceNode } from './traceNode.js';

/**
 * A symbolic value: a place in a graph that is being described. It has a dtype and a shape but no numbers; the ops
 * take it and return further ones. Made by {@link compile} (the arguments of the traced function) and by
 * `Trace.input`.
 */
export class Sym {
  /** The trace whose graph it belongs to. @internal */
  readonly trace: Trace;
  /** @internal */
  readonly id: ValueId;
  /** The type of its numbers. */
  readonly dtype: DType;
  /** Dimensions from the outermost; -1 is one that is known only when the graph runs. */
  readonly shape: readonly number[];
  /** What makes it, with all that it makes. @internal */
  readonly node: TraceNode;
  /**
   * Which of its steps count, bool [n, steps]; undefined: all. Layers set and read it (`Layer.computeMask`), as in Keras; ops
   * give values without one.
   */
  mask: Sym | undefined;

  /** @internal */
  constructor(trace: Trace, value: { id: ValueId; dtype: DType; shape: readonly number[] }, node: TraceNode) {
    this.trace = trace;
    this.id = value.id;
    this.dtype = value.dtype;
    this.shape = value.shape;
    this.node = node;
  }

  /** The engine's name of the op that makes it: `input`, `parameter`, `conv`, … */
  get op(): string {
    return this.node.op;
  }

  /** What that op takes. A loss reads here that its input is a softmax, and uses the logits. */
  get inputs(): readonly Sym[] {
    return this.node.inputs;
  }

  /** The parameters of that op. */
  get attrs(): Attrs {
    return this.node.attrs;
  }

  /** The number of axes; 0 for a scalar. */
  get rank(): number {
    return this.shape.length;
  }

  /**
   * Its numbers, row-major, in a step that runs eagerly: what a breakpoint or `console.log` in a layer or a step can look at. They are
   * computed for the purpose, from the batch and the weights before the step.
   *
   * @throws EngineError `STATE` elsewhere: a symbolic value has numbers only when its step runs.
   * @example model.compile({ loss: 'mse', runEagerly: true });
   */
  dataSync(): TypedArray {
    return this.trace.numbersOf(this);
  }

  /** Its op, dtype and shape in words. */
  toString(): string {
    return `Sym(${this.op}, ${this.dtype} [${this.shape.map((n) => (n < 0 ? '?' : n)).join(', ')}])`;
  }
}
