import { expected } from '../base/checks.js';
import { nearest } from '../base/errors.js';
import { eager } from '../core/eager.js';
import { firstOf } from '../base/list.js';
import { full, zeros } from '../core/tensor.js';
import type { Trace } from '../core/trace.js';
import { Variable } from '../core/variable.js';
import type { SlotOptions, StepContext } from './update.js';

/** Whose slots they are: a weight, or the optimizer itself. */
interface Owner {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What an optimizer remembers between steps, of each weight and of itself. @internal */
export class Slots {
  readonly #of = new Map<Owner, Map<string, Variable>>();

  /** All of them, in the order in which they were made. */
  get variables(): Variable[] {
    return [...this.#of.values()].flatMap((slots) => [...slots.values()]);
  }

  /** Those of one owner by name, in the order in which they were made. */
  of(owner: Owner): ReadonlyMap<string, Variable> {
    return this.#of.get(owner) ?? new Map<string, Variable>();
  }

  /** A slot that may not be there yet. */
  find(owner: Owner, name: string): Variable | undefined {
    return this.#of.get(owner)?.get(name);
  }

  /** A slot, which is made where it is not there yet. */
  get(owner: Owner, name: string, { initialValue = 0, shape = owner.shape }: SlotOptions = {}): Variable {
    let slots = this.#of.get(owner);
    if (!slots) this.#of.set(owner, (slots = new Map<string, Variable>()));
    let slot = slots.get(name);
    if (!slot) {
      slot = new Variable(filled(initialValue, shape), `${owner.name}/${name}`, false);
      slots.set(name, slot);
    }
    return slot;
  }

  /** The functions by which an update of `who` reads and assigns the slots of one owner. */
  access(who: string, trace: Trace, owner: Owner): Pick<StepContext, 'slot' | 'assign'> {
    const read = new Map<string, Variable>();
    return {
      slot: (name, options) => {
        const variable = this.get(owner, name, options);
        read.set(name, variable);
        return trace.lift(variable);
      },
      assign: (name, value) => {
        const variable = read.get(name);
        if (!variable)
          throw expected(
            who,
            `slot('${name}') to be read before it is assigned`,
            name,
            'ARGUMENT',
            nearest(name, [...read.keys()]),
          );
        variable.assign(value);
        return trace.lift(variable);
      },
    };
  }

  dispose(): void {
    for (const slot of this.variables) slot.dispose();
    this.#of.clear();
  }
}

function filled(value: number | Variable, shape: readonly number[]) {
  if (value instanceof Variable) return firstOf(eager('identity', [value.storage]));
  return value === 0 ? zeros(shape) : full(shape, value);
}
