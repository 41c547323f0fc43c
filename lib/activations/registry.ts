import { expected, isClass, mismatch } from '../base/checks.js';
import { describe } from '../base/errors.js';
import { choose } from '../base/choose.js';
import { customNames, getRegisteredName, getRegisteredObject, setRegistered } from '../base/customObjects.js';
import { sameName } from '../base/names.js';
import { firstOf } from '../base/list.js';
import { currentRemat, rematerialized } from '../core/remat.js';
import type { Sym } from '../core/sym.js';
import * as functions from './functions.js';
import './keras2.js';

/** An activation as you may write one with the ops: takes a symbolic value, float32, and gives one of its shape (`glu`: of half the last axis). */
export type ActivationFunction = (x: Sym) => Sym;

const table = functions satisfies Record<string, ActivationFunction>;

/** The names that layers take for `activation`, in Keras's spelling too: `leaky_relu`. */
export type ActivationName = keyof typeof table;

/** What layers take for `activation`: a name, also one of your own (see {@link register}), or a function. */
export type ActivationLike = ActivationName | (string & {}) | ActivationFunction;

/**
 * The activation of a name, or the function itself. https://keras.io/api/layers/activations/
 *
 * @param activation The name of a function of `activations`, which then has its default options; a name that was registered; or a function.
 *   `null` and `undefined` mean `linear`, the identity.
 * @throws EngineError `ARGUMENT` for an unknown name, telling the nearest.
 * @example activations.activationOf('leaky_relu');
 */
export function activationOf(activation: ActivationLike | null | undefined): ActivationFunction {
  const found = functionOf(activation);
  if (currentRemat()?.mode !== 'activations') return found;
  return (x) => firstOf(rematerialized(x.trace, () => [found(x)]));
}

function functionOf(activation: ActivationLike | null | undefined): ActivationFunction {
  if (typeof activation === 'function') return activation;
  const name = activation ?? 'linear';
  const custom = typeof name === 'string' ? getRegisteredObject(name) : undefined;
  if (custom !== undefined && !isClass(custom)) return custom as ActivationFunction;
  return choose<ActivationFunction>('activation', name, table, customNames());
}

/**
 * Gives a function a name, by which layers take it and configurations keep it.
 *
 * @param name No name that is taken by another function.
 * @param activation Written with the ops.
 * @throws EngineError `ARGUMENT` for a name that is taken, or what is no function.
 * @example
 *     activations.register('cube', (x) => ops.power(x, 3));
 *     layers.dense({ units: 8, activation: 'cube' });
 */
export function register(name: string, activation: ActivationFunction): void {
  if (typeof name !== 'string' || name === '') throw expected('activations.register', 'a name', name);
  if (typeof activation !== 'function') throw expected('activations.register', 'a function', activation);
  const own = nameInTable(activation);
  const taken = Object.keys(table).find((known) => sameName(known, name));
  const other = getRegisteredObject(name);
  if (taken !== own || (other !== undefined && other !== activation))
    throw expected('activations.register', 'a name that no other function has', name);
  if (own === undefined) setRegistered(name, activation);
}

/**
 * The name of an activation for a configuration.
 *
 * @throws EngineError `ARGUMENT` for a function that has none.
 */
export function activationConfig(activation: ActivationLike | null | undefined): string {
  if (typeof activation !== 'function') return activation ?? 'linear';
  const name = nameInTable(activation) ?? getRegisteredName(activation);
  if (name !== undefined) return name;
  throw mismatch(
    'getConfig',
    'an activation that has a name',
    `${describe(activation)}: give it one with activations.register('…', the function)`,
  );
}

const nameInTable = (activation: ActivationFunction): string | undefined =>
  Object.entries(table).find(([, known]) => known === activation)?.[0];
