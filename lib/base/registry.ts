import { choose, unknownName } from './choose.js';
import { type TakesOptions, isClass, isPlainObject, mismatch, notOneOf } from './checks.js';
import {
  type CustomObject,
  type CustomObjects,
  type RegisteredName,
  customNames,
  getRegisteredName,
  getRegisteredObject,
  scopedObjects,
} from './customObjects.js';
import { EngineError, describe } from './errors.js';
import type { Family } from './kerasNames.js';
import { type Spelled, camelCase, factoryName, sameName } from './names.js';

/** The configuration of an object of a family (an initializer, a loss, a layer, …), from which an equal one can be made. */
export interface ObjectConfig {
  /** The class's name as in Keras, such as `GlorotUniform`; of a registered class `package>name`. */
  readonly className: string;
  /** The options that make an equal object: what its `getConfig` gives. */
  readonly config: Record<string, unknown>;
  /** Of a layer that has its weights: what it is built for, as its `getBuildConfig` gives it. */
  readonly buildConfig?: Readonly<Record<string, unknown>>;
}

/** What can be written as a configuration. */
export interface Configurable {
  /** The class's name as in Keras. */
  readonly className: string;
  /** The options that make an equal object. */
  getConfig(): Record<string, unknown>;
}

/** A class of a family. Its objects are made of their configurations: by `fromConfig` where it has one, else by its constructor. */
interface ClassOf<T> {
  new (config: never): T;
  /** Other names than the class's own, in camelCase. */
  readonly aliases?: readonly string[];
  readonly fromConfig?: (config: Record<string, unknown>, customObjects: CustomObjects) => T;
}

type ExportsLike<M, Kind> = { [K in keyof M & string]: M[K] extends Kind ? K : never }[keyof M & string];
type AliasesOf<C> = C extends { readonly aliases: readonly (infer Alias extends string)[] } ? Alias : never;

/**
 * The names that stand for the classes of a module `M`: their own, those of the functions that make them, and their aliases, in all
 * spellings. A registered name may be any: TypeScript takes each `package>name`.
 */
export type NamesIn<M> =
  | ExportsLike<M, new (...args: never[]) => object>
  | Spelled<ExportsLike<M, (options?: never) => object>>
  | Spelled<AliasesOf<M[keyof M]>>
  | Uppercase<AliasesOf<M[keyof M]>>
  | RegisteredName;

/** What a registry is made of. */
interface RegistryOptions<T> {
  /** What it holds, in messages. */
  readonly family: Family;
  /** What `get` takes, in messages: `a loss, its name or a function`. */
  readonly takes: string;
  /** The class that all others extend. */
  readonly base: abstract new (...args: never[]) => T;
  /** What the family's index.ts exports: the classes, by Keras's names, and the functions that make their objects. */
  readonly members: object;
  /** The object that a function stands for, where the family takes functions. */
  readonly ofFunction?: (fn: never) => T;
  /** What to do to a configuration before an object is made of it. */
  readonly prepare?: (config: Record<string, unknown>) => object;
  /** Where names come from configurations alone, and are taken as they are written there: what is expected, in messages. */
  readonly exact?: string;
}

/**
 * The classes of a family (losses, layers, …): what a name, a configuration or a function stands for, and the configuration of an object.
 * Custom objects, those of the scope and those that are registered, go before the library's.
 */
export class Registry<T extends Configurable> {
  static readonly #families = new Map<Family, Registry<Configurable>>();

  /** The classes of a family; none where its module was not loaded. */
  static of(family: Family): Pick<Registry<Configurable>, 'classNamed' | 'get'> | undefined {
    return Registry.#families.get(family);
  }

  /** The family of an object. */
  static familyOf(object: Configurable): Family | undefined {
    return [...Registry.#families].find(([, registry]) => registry.has(object))?.[0];
  }

  readonly #options: RegistryOptions<T>;
  /** The classes by Keras's names. */
  readonly #classes = new Map<string, ClassOf<T>>();
  /** The same by all names in camelCase. */
  readonly #names: Record<string, ClassOf<T>> = {};
  readonly #functions = new WeakMap<T, CustomObject>();
  /** All that the family's index.ts exports. */
  readonly #members: unknown[] = [];

  constructor(options: RegistryOptions<T>) {
    this.#options = options;
    this.addAll(options.members);
    Registry.#families.set(options.family, this);
  }

  /** The library's class of a name in Keras's spelling, or another of its names. */
  classNamed(name: string): TakesOptions | undefined {
    return (this.#classes.get(name) ?? this.#names[camelCase(name)]) as unknown as TakesOptions | undefined;
  }

  /** Adds the classes of an index.ts; classes that hold others of their family leave this to a file that imports all of them. */
  addAll(members: object): void {
    for (const [name, member] of Object.entries(members)) {
      this.#members.push(member);
      if (isClassOf(member, this.#options.base)) this.add(name, member);
    }
  }

  /** Adds a class of the library that the family's index.ts does not have. */
  add(className: string, made: ClassOf<T>): void {
    this.#classes.set(className, made);
    const own = factoryName(className);
    this.#names[own] = made;
    for (const alias of aliasesOf(made)) if (!sameName(alias, own)) this.#names[alias] = made;
  }

  /**
   * The object that is given: itself, its name, its configuration, or a function.
   *
   * @param options Those of an object of the library that is given by its name.
   * @throws EngineError `ARGUMENT` for an unknown name, telling the nearest, and for anything else.
   */
  get(given: unknown, options: object = {}): T {
    if (this.has(given)) return given;
    if (typeof given === 'string') {
      const custom = getRegisteredObject(given);
      return custom ? this.#ofCustom(custom, {}) : this.#make(this.#chosen(given), options);
    }
    if (isConfig(given)) {
      const { className, config } = given;
      const custom = getRegisteredObject(className);
      if (custom) return this.#ofCustom(custom, config);
      return this.#make(this.#classes.get(className) ?? this.#chosen(className), config);
    }
    if (typeof given === 'function' && !this.#isOurs(given)) return this.#ofFunction(given as CustomObject);
    throw this.#refusal(given);
  }

  /**
   * The configuration that `get` makes an equal object of; for a function its registered name.
   *
   * @throws EngineError `ARGUMENT` for a function that is not registered.
   */
  config(object: T): ObjectConfig | RegisteredName {
    const fn = this.#functions.get(object);
    if (fn) return nameOfFunction(fn);
    return objectConfig(object);
  }

  /** Whether a value is an object of the family. */
  has(value: unknown): value is T {
    return value instanceof this.#options.base;
  }

  #isOurs(value: unknown): boolean {
    return this.#members.includes(value);
  }

  #chosen(name: string): ClassOf<T> {
    const { family, exact } = this.#options;
    if (exact === undefined) return choose(family, name, this.#names, customNames());
    throw unknownName('fromConfig', family, exact, name, [...this.#classes.keys(), ...customNames()]);
  }

  #ofCustom(custom: CustomObject, config: object): T {
    if (isClassOf(custom, this.#options.base)) return this.#make(custom, config);
    return this.#ofFunction(custom);
  }

  #ofFunction(fn: CustomObject): T {
    const { ofFunction } = this.#options;
    if (!ofFunction || isClass(fn)) throw this.#refusal(fn);
    const object = ofFunction(fn as never);
    this.#functions.set(object, fn);
    return object;
  }

  #make(made: ClassOf<T>, config: object): T {
    const options = config as Record<string, unknown>;
    const prepared = this.#options.prepare?.(options) ?? options;
    if (made.fromConfig) return made.fromConfig(prepared as Record<string, unknown>, scopedObjects());
    return new made(prepared as never);
  }

  #refusal(given: unknown): EngineError {
    return notOneOf(this.#options.family, this.#options.takes, given);
  }
}

/** The configuration of an object, under its registered name where its class has one. */
export function objectConfig(object: Configurable): ObjectConfig {
  const registered = getRegisteredName(object.constructor as CustomObject);
  return { className: registered ?? object.className, config: object.getConfig() };
}

/** The name of a registered function, for a configuration. */
export function nameOfFunction(fn: CustomObject): RegisteredName {
  const name = getRegisteredName(fn);
  if (name !== undefined) return name as RegisteredName;
  throw mismatch(
    'getConfig',
    'a function that has a name',
    `${describe(fn)}: give it one with saving.registerKerasSerializable`,
  );
}

/** Whether a value is the configuration of an object. */
export const isConfig = (value: unknown): value is ObjectConfig =>
  isPlainObject(value) && typeof value['className'] === 'string' && isPlainObject(value['config']);

const isClassOf = <T>(value: unknown, base: abstract new (...args: never[]) => T): value is ClassOf<T> =>
  typeof value === 'function' && value.prototype instanceof base;

/** A class inherits the aliases of the one that it extends: they are not its own. */
const aliasesOf = (made: ClassOf<unknown>): readonly string[] =>
  Object.hasOwn(made, 'aliases') ? (made.aliases ?? []) : [];
