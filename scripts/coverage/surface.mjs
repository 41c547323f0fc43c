// What a user of the package can reach, by name: classes with their options, functions with their arguments, members of a class.
import { join } from 'node:path';
import ts from 'typescript';

/** The names of Keras and of this package with the same letters are the same: `max_pool`, `maxPool`, `ReLU`, `relu`. */
export const lettersOf = (name) => name.replaceAll('_', '').toLowerCase();

/** Reads the exports of lib/index.ts below a root. */
export function readSurface(root) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['lib'] }, ts.sys, root);
  const program = ts.createProgram([join(root, 'lib/index.ts')], options);
  const checker = program.getTypeChecker();
  const index = checker.getSymbolAtLocation(program.getSourceFile(join(root, 'lib/index.ts')));

  const resolved = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exportsOf = (module) =>
    new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, resolved(symbol)]));

  /** The names in an options object, which may be one of several types; none for what is no object of named properties. */
  function optionsOf(type) {
    const given = checker.getNonNullableType(type);
    // Of several, arrays and tensors are no options.
    return (given.isUnion() ? given.types.filter((one) => !one.isClass()) : [given])
      .flatMap((one) => one.getProperties())
      .filter(({ declarations }) =>
        declarations?.every((node) => node.getSourceFile().fileName.startsWith(root)),
      )
      .map(({ name }) => name);
  }

  /** The arguments of a function or constructor: the names of its parameters, and what its last one, an object, takes. */
  function argumentsOf(signatures) {
    const names = new Set();
    for (const { parameters } of signatures)
      for (const parameter of parameters) {
        names.add(parameter.name);
        for (const name of optionsOf(checker.getTypeOfSymbol(parameter))) names.add(name);
      }
    return { names, positional: Math.max(0, ...signatures.map(({ parameters }) => parameters.length)) };
  }

  /** Of a namespace such as `layers` or `optimizers.schedules`: each class or function by the letters of its name. */
  function namespace(path) {
    const within = (module, name) =>
      [...exportsOf(module)].find(([key]) => lettersOf(key) === lettersOf(name))?.[1];
    const symbol = path.split('.').reduce((module, name) => module && within(module, name), index);
    const found = new Map();
    if (symbol === undefined) return found;
    for (const [key, one] of exportsOf(symbol)) {
      if (!(one.flags & ts.SymbolFlags.Value)) continue;
      const type = checker.getTypeOfSymbol(one);
      const construct = type.getConstructSignatures();
      const signatures = construct.length > 0 ? construct : type.getCallSignatures();
      if (signatures.length === 0) continue;
      const isClass = Boolean(one.flags & ts.SymbolFlags.Class);
      // A class and the function that makes its objects have the same letters: the class counts.
      if (isClass || !found.has(lettersOf(key)))
        found.set(lettersOf(key), { name: key, isClass, ...argumentsOf(signatures) });
    }
    return found;
  }

  /** Of a class, those of its objects and its own. */
  function members(name) {
    const symbol = exportsOf(index).get(name);
    const [objects, own] = [checker.getDeclaredTypeOfSymbol(symbol), checker.getTypeOfSymbol(symbol)];
    return new Map(
      [...own.getProperties(), ...objects.getProperties()].map((property) => {
        const signatures = checker.getTypeOfSymbol(property).getCallSignatures();
        return [lettersOf(property.name), { name: property.name, ...argumentsOf(signatures) }];
      }),
    );
  }

  return { namespace, members };
}
