import { expected, isPlainObject } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { KerasTensor } from './kerasTensor.js';
import { type CallContext, Operation } from './operation.js';
import { Sym } from './sym.js';

/** Where a call of an op takes the output of a layer: in the place of the argument. @internal */
export class InputRef {
  /** @param input Which of the call's inputs. */
  constructor(readonly input: number) {}
}

type Body = (...args: readonly unknown[]) => unknown;

/**
 * A call of an op on outputs of layers, as one node of a model's description. A step of the model calls the op anew with the values of
 * the step, so the op sees their types, and draws new random numbers.
 */
export class OpCall extends Operation {
  readonly className: string;
  /** What the op returns, with the numbers of its outputs in the places of symbolic values. */
  #result: unknown;

  /** @param args The op's arguments, with {@link InputRef}s for outputs of layers. */
  constructor(
    readonly op: string,
    readonly body: Body,
    readonly args: readonly unknown[],
    name?: string,
  ) {
    super(name);
    this.className = op.charAt(0).toUpperCase() + op.slice(1);
  }

  run(inputs: readonly Sym[], _context: CallContext): readonly Sym[] {
    const outputs: Sym[] = [];
    const given = replaced(this.args, (item) => (item instanceof InputRef ? inputs[item.input] : item));
    this.#result = replaced(this.body(...(given as unknown[])), (item) =>
      item instanceof Sym ? outputs.push(item) - 1 : item,
    );
    return outputs;
  }

  /** What the op returns for these inputs, with outputs of this call in the places of symbolic values. */
  resultOf(inputs: readonly KerasTensor[]): unknown {
    const outputs = this.follow(inputs);
    return replaced(this.#result, (item) => (typeof item === 'number' ? outputs[item] : item));
  }

  getConfig(): Record<string, unknown> {
    return { name: this.name, args: this.args };
  }
}

/**
 * An op that also takes outputs of layers: then the call becomes a node of the model's description, named after the op. Errors carry the
 * name of the op that was called, not of one that it is made of.
 *
 * @param name As it is exported.
 * @internal
 */
export const op = <F extends (...args: never[]) => unknown>(name: string, body: F): F =>
  composition(name, ((...args: readonly unknown[]) => {
    const run = body as unknown as Body;
    return args.some(holdsKerasTensor) ? describeCall(name, run, args) : run(...args);
  }) as unknown as F);

/**
 * A function of several ops that is none itself: on outputs of layers it makes nodes of those ops. Errors carry its name.
 *
 * @param name As it is exported.
 * @internal
 */
export function composition<F extends (...args: never[]) => unknown>(name: string, body: F): F {
  const call = (...args: never[]): unknown => {
    try {
      return body(...args);
    } catch (error) {
      throw renamed(name, error);
    }
  };
  return Object.defineProperty(call, 'name', { value: name }) as unknown as F;
}

function renamed(name: string, error: unknown): unknown {
  const given = error instanceof EngineError ? /^\[([a-z]\w*)\] /.exec(error.message) : null;
  if (!given || given[1] === name) return error;
  const { code, message } = error as EngineError;
  return new EngineError(code, `[${name}] ${message.slice(given[0].length)}`, { cause: error });
}

function describeCall(name: string, body: Body, args: readonly unknown[]): unknown {
  const inputs: KerasTensor[] = [];
  const given = replaced(args, (item) => {
    if (item instanceof Sym)
      throw expected(
        name,
        'outputs of layers and constants in one call, or values of one traced function',
        item,
      );
    return item instanceof KerasTensor ? new InputRef(inputs.push(item) - 1) : item;
  });
  return new OpCall(name, body, given as unknown[]).resultOf(inputs);
}

/** Whether an argument is the output of a layer, or a list or options with one in it. */
function holdsKerasTensor(argument: unknown): boolean {
  if (typeof argument !== 'object' || argument === null) return false;
  if (argument instanceof KerasTensor) return true;
  if (Array.isArray(argument)) return argument.some((item) => item instanceof KerasTensor);
  return isPlainObject(argument) && Object.values(argument).some(holdsKerasTensor);
}

/** Deeper nesting is a list or record that holds itself. */
const DEEPEST = 64;

/**
 * A copy of lists and records, with other things in the places of what they hold.
 *
 * @throws EngineError `ARGUMENT` for one that holds itself.
 * @internal
 */
export function replaced(value: unknown, by: (item: unknown) => unknown, depth = 0): unknown {
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return by(value);
  if (depth === DEEPEST) throw expected('op', `arguments nested ${DEEPEST} deep at most`, value);
  const each = (item: unknown) => replaced(item, by, depth + 1);
  if (isList) return Array.from(value as unknown[], each);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, each(item)]));
}
