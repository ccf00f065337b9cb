/** Of `node:util`; where that is imported, Node fills in all that it exports: 3 ms of a build for which nothing changed. */
export const { styleText, stripVTControlCharacters } = process.getBuiltinModule('node:util');
