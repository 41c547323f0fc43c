import type { Attrs, Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';

/** How a slot begins. */
export interface SlotOptions {
  /** The number that fills it before the first step, or a variable of its shape whose numbers it begins with. Default 0. */
  initialValue?: number | Variable;
  /** Its shape. Default the weight's; of a slot of the whole optimizer []. */
  shape?: Shape;
}

/** What the beginning of a step sees, before the weights. All values are symbolic, float32. */
export interface StepContext {
  /** The learning rate, []. */
  readonly rate: Sym;
  /** The number of this step from 1, []. */
  readonly step: Sym;
  /** What the optimizer remembers under a name: what was assigned to it last, in this step or in the one before. */
  readonly slot: (name: string, options?: SlotOptions) => Sym;
  /** Gives a slot a new value, in its shape; returns the value. The slot has to be read with `slot` before. */
  readonly assign: (slot: string, value: Sym) => Sym;
}

/** What an update sees of one weight. All values are symbolic, float32. Its slots are those of the weight. */
export interface UpdateContext extends StepContext {
  /** The weight before the step, after its decay. */
  readonly weight: Sym;
  /** Its gradient after clipping, in the weight's shape. */
  readonly gradient: Sym;
  /** The variable itself, for its name. */
  readonly variable: Variable;
  /** A slot of the whole optimizer, which `begin` has read or assigned. */
  readonly shared: (name: string) => Sym;
  /** Gives the weight its new value. Every update has to do so. */
  readonly assignWeight: (value: Sym) => void;
}

/** An op of the engine that makes a whole update in one kernel, weight decay included. */
export interface FusedUpdate {
  /** Its name in the engine. */
  readonly op: string;
  /** The slots that it takes and gives, in its order; all begin with zeros and have the weight's shape. */
  readonly slots: readonly string[];
  /** Its parameters. */
  readonly attrs: Attrs;
  /** Whether it takes the number of the step after the learning rate. Default false. */
  readonly takesStep?: boolean;
}
