import { AsyncLocalStorage } from 'node:async_hooks';
import { expected, isClass, isPlainObject, mismatch } from './checks.js';

/** A class of your own (a layer, a loss, an optimizer, …), or a function that is used as an activation, a loss or a metric. */
export type CustomObject = (abstract new (...args: never[]) => object) | ((...args: never[]) => unknown);

/** Classes and functions of your own by the names that configurations have for them. They go before those of the library. */
export type CustomObjects = Readonly<Record<string, CustomObject>>;

/** The name of a registered object: its package, `>`, and its own name. */
export type RegisteredName = `${string}>${string}`;

const registered = new Map<string, CustomObject>();
const namesOfRegistered = new Map<CustomObject, string>();
const scope = new AsyncLocalStorage<CustomObjects>();

/**
 * Gives a class or a function the name `package>name`: it then may be chosen by this name wherever names are taken, is
 * written into configurations under it, and found there again. A later object of the same name takes the place of the earlier.
 * https://keras.io/api/models/model_saving_apis/serialization_utils/
 *
 * @param packageName Whose name it is: that of a package or a project. Default `Custom`.
 * @param name Default: the name of the class or function.
 * @returns What registers: a function that returns what it is given, also as a decorator of classes.
 * @throws EngineError `ARGUMENT` for what is no class or function, a class without `getConfig`, and no name.
 * @example
 *     const cubic = saving.registerKerasSerializable('mine', 'cubic')((yTrue: Sym, yPred: Sym) =>
 *       ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3));
 *     model.compile({ loss: 'mine>cubic' });
 */
export function registerKerasSerializable(packageName = 'Custom', name?: string) {
  const who = 'registerKerasSerializable';
  for (const given of [packageName, name ?? 'name'] as unknown[])
    if (typeof given !== 'string' || given === '' || given.includes('>'))
      throw expected(who, "a name without '>'", given);
  return <T extends CustomObject>(object: T): T => {
    if (typeof object !== 'function') throw expected(who, 'a class or a function', object);
    if (isClass(object) && typeof (object.prototype as { getConfig?: unknown }).getConfig !== 'function')
      throw expected(who, 'a class with a method getConfig', object);
    const own = name ?? object.name;
    if (own === '') throw mismatch(who, 'a name', 'a nameless function');
    setRegistered(`${packageName}>${own}`, object);
    return object;
  };
}

/** Registers an object under a whole name. */
export function setRegistered(name: string, object: CustomObject): void {
  registered.set(name, object);
  namesOfRegistered.set(object, name);
}

/**
 * The class or function of a name: one of `customObjects`, of the scope around the call, or a registered one.
 * https://keras.io/api/models/model_saving_apis/serialization_utils/
 *
 * @param name `package>name`, or the name that it has in `customObjects`, in the scope or in `moduleObjects`.
 * @param moduleObjects Classes and functions by name that are looked at last.
 * @returns Undefined where there is none.
 * @example saving.getRegisteredObject('mine>cubic');
 */
export function getRegisteredObject(
  name: string,
  customObjects: CustomObjects = {},
  moduleObjects: CustomObjects = {},
): CustomObject | undefined {
  if (typeof name !== 'string') throw expected('getRegisteredObject', 'a name', name);
  const own = { ...scopedObjects(), ...customObjects };
  if (Object.hasOwn(own, name)) return own[name];
  const withoutPackage = name.slice(name.indexOf('>') + 1);
  const known =
    registered.get(name) ?? (Object.hasOwn(own, withoutPackage) ? own[withoutPackage] : undefined);
  return known ?? (Object.hasOwn(moduleObjects, name) ? moduleObjects[name] : undefined);
}

/**
 * All classes and functions that are registered, by their whole names. https://keras.io/api/models/model_saving_apis/serialization_utils/
 *
 * @returns A frozen record as of now: unlike Keras's, it is no place to add to; `registerKerasSerializable` does that.
 * @example Object.keys(saving.getCustomObjects()); // ['mine>cubic', …]
 */
export const getCustomObjects = (): CustomObjects => Object.freeze(Object.fromEntries(registered));

/**
 * The name under which a class or a function is registered. https://keras.io/api/models/model_saving_apis/serialization_utils/
 *
 * @returns `package>name`; undefined for what is not registered.
 * @example
 *     const cube = saving.registerKerasSerializable('mine', 'cube')((x: Sym) => ops.power(x, 3));
 *     console.log(saving.getRegisteredName(cube)); // mine>cube
 */
export function getRegisteredName(object: CustomObject): string | undefined {
  return namesOfRegistered.get(object);
}

/**
 * Calls a function within which names and configurations also find these classes and functions; asynchronous parts of it included.
 * https://keras.io/api/models/model_saving_apis/serialization_utils/
 *
 * @param customObjects Classes and functions by the names that configurations have for them. Scopes add up; the inner one decides.
 * @returns What the function returns.
 * @throws EngineError `ARGUMENT` for what is no record of classes and functions.
 * @example
 *     const cube = (x: Sym) => ops.power(x, 3);
 *     const layer = saving.customObjectScope({ cube }, () => layers.dense({ units: 2, activation: 'cube' }));
 */
export function customObjectScope<R>(customObjects: CustomObjects, run: () => R): R {
  if (typeof run !== 'function') throw expected('customObjectScope', 'a function to run', run);
  return withCustomObjects('customObjectScope', customObjects, run);
}

/** {@link customObjectScope} for a function that takes custom objects. */
export function withCustomObjects<R>(who: string, customObjects: CustomObjects, run: () => R): R {
  if (!isPlainObject(customObjects))
    throw expected(who, 'a record of classes and functions as customObjects', customObjects);
  for (const [name, object] of Object.entries(customObjects))
    if (typeof object !== 'function') throw expected(who, `a class or a function as ${name}`, object);
  return Object.keys(customObjects).length > 0
    ? scope.run({ ...scopedObjects(), ...customObjects }, run)
    : run();
}

/** What a function is called: its own name, else the one that it is registered under, without its package. */
export function functionName(fn: CustomObject): string | undefined {
  return fn.name === '' ? getRegisteredName(fn)?.split('>').at(-1) : fn.name;
}

/** The custom objects of the scope around a call. */
export const scopedObjects = (): CustomObjects => scope.getStore() ?? {};

/** All names of the scope and of registered objects. */
export const customNames = (): string[] => [...Object.keys(scopedObjects()), ...registered.keys()];
