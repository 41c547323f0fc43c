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

/** Whether a file, a path below lib/, is one of those of a list of files and folders there. */
const isIn = (entries, path) =>
  entries.some((entry) => path === `${entry}.ts` || path.startsWith(`${entry}/`));

/** In which order chapters and families are shown. */
export const orderOf = (chapters, names, families) => [
  ...[chapters, names].flatMap(Object.keys),
  NAMESPACES,
  ...Object.values(families).flatMap((list) => list.map(({ heading }) => heading)),
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
 * @param names The files and folders of the families of names outside namespaces.
 * @param families The families of a namespace, by its name.
 */
export function load(app, lib, chapterOf, names, families) {
  showConstantsAsFunctions();
  const files = new Map();

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    if (declaration) files.set(reflection, relative(lib, declaration.getSourceFile().fileName));
  });

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const fileOf = (one) => files.get(one.isReference() ? one.getTargetReflectionDeep() : one) ?? '';
    for (const guide of project.documents) {
      guide.content = guide.content.map((part) => (part.kind === 'code' ? linked(part, project) : part));
      guide.name = /^# (.*)$/m.exec(Comment.combineDisplayParts(guide.content))[1];
      categorize(guide, chapterOf(project.files.getReflectionPath(guide)));
    }
    for (const child of project.children) {
      if (child.kindOf(ReflectionKind.Namespace)) {
        categorize(child, NAMESPACES);
        for (const one of child.children) {
          const family = families[child.name]?.find(
            (family) =>
              family.names.has(one.name) ||
              isIn(
                family.files.map((file) => `${child.name}/${file}`),
                fileOf(one),
              ),
          );
          if (family) categorize(one, family.heading);
        }
      } else if (child.kindOf(ReflectionKind.Module)) {
        // The plugin that shows types which are not exported takes the accessors of their members for types.
        for (const accessor of child.getChildrenByKind(ReflectionKind.Accessor))
          project.removeReflection(accessor);
      } else {
        const family = Object.keys(names).find((family) => isIn(names[family], fileOf(child)));
        if (family) categorize(child, family);
      }
    }
  });
}
