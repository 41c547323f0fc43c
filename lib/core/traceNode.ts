import type { Attrs, Cond, Scan, While } from '../engine/engine.js';
import type { Sym } from './sym.js';
import type { Tensor } from './tensor.js';
import type { Variable } from './variable.js';

/** One op of a trace, for those that read it: what made some values, of what. */
export interface TraceNode {
  /** The engine's name of the op: `input`, `parameter`, `conv`, … */
  readonly op: string;
  /** What the op takes. Of a loop or choice also the values that its body gives. */
  readonly inputs: readonly Sym[];
  /** The parameters of the op. */
  readonly attrs: Attrs;
  /** All that the op gives, in the engine's order. */
  readonly outputs: readonly Sym[];
  /** The name of the innermost layer that was being called. */
  readonly layer: string | undefined;
  /** Of a `parameter`: what holds its numbers. */
  readonly source?: Tensor | Variable;
  /** Of a `scan`: its states, sequences and results. */
  readonly scan?: Scan<Sym>;
  /** Of a `whileLoop`: its states and condition. */
  readonly whileLoop?: While<Sym>;
  /** Of a `cond`: its predicate and branches. */
  readonly cond?: Cond<Sym>;
}
