/**
 * The mtime, in nanoseconds, of what a build makes by itself and nobody gave a time: folders on the way, inline files. It
 * is 1970 in every layer. The one nanosecond tells it from files that are really that old: in a layer that is written
 * for an epoch (`rewrite-timestamp`) it becomes the epoch, as it would if it were as new as it is.
 */
export const untimed = 1n;
