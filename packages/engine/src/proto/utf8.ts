/**
 * Orders strings by their UTF-8 bytes, as Go and protobuf do. JavaScript's own order compares UTF-16 units and differs
 * where characters above U+FFFF meet those from U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const highX = x >= 0xd800 && x <= 0xdfff;
    const highY = y >= 0xd800 && y <= 0xdfff;
    return highX === highY ? x - y : highX ? 1 : -1;
  }
  return a.length - b.length;
}
