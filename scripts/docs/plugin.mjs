// What the pages of `npm run docs` need beyond TypeDoc: titles of guides, families of names, and ops shown as functions.
import { relative } from 'node:path';
import { Comment, CommentTag, Context, Converter, ReflectionKind } from 'typedoc';

const NAMESPACES = 'Namespaces';

/** An op is a constant with the type of a function, which TypeDoc shows as a variable unless a tag says otherwise. */
function showConstantsAsFunctions() {
  const { getComment } = Context.prototype;
  Context.prototype.getComment = function (symbol, kind) {
    const comment = getComment.call(this, symbol, kind);
    if (kind === ReflectionKind.Variable) comment?.modifierTags.add('@function');
    return comment;
  };
}

const categorize = (reflection, family) => {
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: family }]));
};

/** The family of a name, or undefined: that which has the file, a path below lib/, or its folder. */
function familyOf(table, folder, path) {
  return Object.keys(table ?? {}).find((family) =>
    table[family].some((entry) => {
      const place = entry.startsWith('../') ? entry.slice(3) : folder + entry;
      return path === `${place}.ts` || path.startsWith(`${place}/`);
    }),
  );
}

/** In which order chapters and families are shown. `contents` is that of contents.json. */
export const orderOf = ({ chapters, families: { names, layers, ops } }) => [
  ...[chapters, names].flatMap(Object.keys),
  NAMESPACES,
  ...[layers, ops].flatMap(Object.keys),
];

/** What `model.fit` and `dataset.map` are members of. */
const variables = { model: 'Model', dataset: 'Dataset', tensor: 'Tensor' };

/** Makes a link to the reference of a name in a guide's text, such as `layers.dense({ units: 1 })`, where there is one. */
function linked(part, project) {
  const [, name] = /^`([A-Za-z]\w*(?:\.\w+)*)(?:\(.*\))?`$/.exec(part.text) ?? [];
  if (!name) return part;
  const path = name.split('.');
  const isType = /^[A-Z]/.test(name);
  if (path.length === 1 && !isType) return part;
  if (!isType) path[0] = variables[path[0]] ?? path[0];
  const target = project.getChildByName(path);
  return target ? { kind: 'inline-tag', tag: '@linkcode', text: part.text.slice(1, -1), target } : part;
}

/**
 * @param app The application of TypeDoc.
 * @param lib The folder of the sources.
 * @param chapterOf The chapter of a guide, by its path.
 * @param families The families of names, by namespace.
 */
export function load(app, lib, chapterOf, families) {
  showConstantsAsFunctions();
  const files = new Map();

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    if (declaration) files.set(reflection, relative(lib, declaration.getSourceFile().fileName));
  });

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const place = (reflection, table, folder) => {
      const target = reflection.isReference() ? reflection.getTargetReflectionDeep() : reflection;
      const family = familyOf(table, folder, files.get(target) ?? '');
      if (family) categorize(reflection, family);
    };
    for (const guide of project.documents) {
      guide.content = guide.content.map((part) => (part.kind === 'code' ? linked(part, project) : part));
      guide.name = /^# (.*)$/m.exec(Comment.combineDisplayParts(guide.content))[1];
      categorize(guide, chapterOf(project.files.getReflectionPath(guide)));
    }
    for (const child of project.children) {
      if (child.kindOf(ReflectionKind.Namespace)) {
        categorize(child, NAMESPACES);
        for (const one of child.children) place(one, families[child.name], `${child.name}/`);
      } else if (child.kindOf(ReflectionKind.Module)) {
        // The plugin that shows types which are not exported takes the accessors of their members for types.
        for (const accessor of child.getChildrenByKind(ReflectionKind.Accessor))
          project.removeReflection(accessor);
      } else place(child, families.names, '');
    }
  });
}
