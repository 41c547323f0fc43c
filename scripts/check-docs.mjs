// Checks that all that a user can reach from lib/index.ts has a documentation comment: what an editor shows for it says something.
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'lib/');

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['lib'] }, ts.sys, root);
const program = ts.createProgram([join(lib, 'index.ts')], options);
const checker = program.getTypeChecker();

const problems = new Map();
const seenSymbols = new Set();
const seenTypes = new Set();

const isOurs = (symbol) => symbol.declarations?.some((node) => node.getSourceFile().fileName.startsWith(lib));
const isInternal = (thing) => thing.getJsDocTags(checker).some((tag) => tag.name === 'internal');
const isHidden = (declaration) =>
  (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !==
    0 ||
  (declaration.name && ts.isPrivateIdentifier(declaration.name));

/** Whether a comment says something: 'See {@link Dense}.' alone shows nothing of Dense. */
function says(thing) {
  const text = ts.displayPartsToString(thing.getDocumentationComment(checker)).trim();
  return text !== '' && !/^see\s+(\{@link[^}]*\}|\S+)\.?$/i.test(text);
}

const isCallable = (property) => checker.getTypeOfSymbol(property).getCallSignatures().length > 0;

function need(thing, declaration, name) {
  if (says(thing)) return;
  const source = declaration.getSourceFile();
  const file = relative(root, source.fileName);
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
  const place = `${file}:${line + 1}: `;
  // A member is met under the name of each class that has it.
  problems.set(
    place + name.split('.').at(-1),
    `${place}${name} has no comment that says what it is: write one there (/** … */), more than a link to another.`,
  );
}

/** Something of ours that is exported under a second name has to say so: readers may know it by either. */
function checkAlias(given, symbol) {
  const [specifier] = given.declarations ?? [];
  if (!specifier || !ts.isExportSpecifier(specifier) || !specifier.propertyName || !isOurs(symbol)) return;
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  if (new RegExp(`\\b${given.name}\\b`).test(text)) return;
  const source = specifier.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(specifier.getStart());
  const place = `${relative(root, source.fileName)}:${line + 1}: `;
  problems.set(place + given.name, `${place}the comment of ${symbol.name} has to name ${given.name}, too.`);
}

/** A function, class, type or namespace that is exported, or a member of one. */
function visitSymbol(given, name) {
  const symbol = given.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(given) : given;
  checkAlias(given, symbol);
  if (seenSymbols.has(symbol) || !isOurs(symbol) || isInternal(symbol)) return;
  seenSymbols.add(symbol);
  if (symbol.flags & ts.SymbolFlags.Module) {
    for (const one of checker.getExportsOfModule(symbol)) visitSymbol(one, `${name}.${one.name}`);
    return;
  }
  const [declaration] = symbol.declarations;
  if (isHidden(declaration) || ts.isTypeParameterDeclaration(declaration)) return;
  const value = symbol.valueDeclaration && checker.getTypeOfSymbol(symbol);
  const overloads = symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Method);
  if (overloads) {
    for (const signature of value.getCallSignatures())
      if (!isInternal(signature)) need(signature, signature.declaration, name);
  } else {
    need(symbol, declaration, name);
  }
  if (value) visitType(value, name);
  if (symbol.flags & ts.SymbolFlags.Type) visitType(checker.getDeclaredTypeOfSymbol(symbol), name);
}

/** The members of a type, and of those that it is made of: an option interface is met as the type of a parameter. */
function visitType(type, name) {
  if (seenTypes.has(type)) return;
  seenTypes.add(type);
  if (type.isUnionOrIntersection()) for (const part of type.types) visitType(part, name);
  for (const argument of type.aliasTypeArguments ?? []) visitType(argument, name);
  if (type.flags & ts.TypeFlags.Object && type.objectFlags & ts.ObjectFlags.Reference) {
    for (const argument of checker.getTypeArguments(type)) visitType(argument, name);
    // The members of a generic class are those of its declaration, for all the types that it is used with.
    if (type.target !== type) return visitType(type.target, name);
  }
  for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
    if (isInternal(signature)) continue;
    for (const parameter of signature.parameters) visitType(checker.getTypeOfSymbol(parameter), name);
    visitType(signature.getReturnType(), name);
  }
  const named = type.aliasSymbol ?? type.symbol;
  const owner = named && !named.name.startsWith('__') ? named.name : name;
  if (owner !== name && isOurs(named)) visitSymbol(named, owner);
  for (const property of type.getProperties()) {
    const path = `${owner}.${property.name}`;
    // Values in an object literal, such as the result of getConfig, need no comments; functions do.
    if (type.symbol?.name === '__object' && !isCallable(property)) continue;
    if (property.declarations || property.flags & ts.SymbolFlags.Prototype) visitSymbol(property, path);
    // One whose name a mapped type puts together: there is no place for its comment.
    else if (type.symbol && isOurs(type.symbol)) need(property, type.symbol.declarations[0], path);
  }
}

for (const symbol of checker.getExportsOfModule(
  checker.getSymbolAtLocation(program.getSourceFile(join(lib, 'index.ts'))),
))
  visitSymbol(symbol, symbol.name);
for (const problem of [...problems.values()].sort()) console.error(problem);
process.exit(problems.size ? 1 : 0);
