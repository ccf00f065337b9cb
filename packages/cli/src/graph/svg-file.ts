import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imagePicture, stepPicture } from './cards.ts';
import type { DetailedGraph } from './details.ts';
import { draw } from './svg.ts';

const styles = join(import.meta.dirname, '../../page');
/** Around the picture, in pixels. */
const margin = 24;

/** The graph as an SVG file that needs nothing beside it, light or dark as its reader likes. Ends in a line break. */
export function svgFile(graph: DetailedGraph, level: 'image' | 'step'): string {
  const picture = level === 'image' ? imagePicture(graph) : stepPicture(graph);
  const { layout, markup } = draw(picture);
  const [width, height] = [layout.width + 2 * margin, layout.height + 2 * margin];
  const style = ['colours.css', 'graph.css'].map((name) => readFileSync(join(styles, name), 'utf8')).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-margin} ${-margin} ${width} ${height}" data-zoom="near">`,
    `<style>${plain(style)}</style>`,
    `<rect x="${-margin}" y="${-margin}" width="${width}" height="${height}" fill="var(--ground)"/>`,
    markup,
    '</svg>',
    '',
  ].join('\n');
}

/** Without comments and blanks that nobody reads. */
function plain(css: string): string {
  return css
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .trim();
}
