import type { Platform } from '../oci/platform.ts';
import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';

export function encodePlatform(writer: Writer, platform: Platform): void {
  writer.string(1, platform.architecture);
  writer.string(2, platform.os);
  writer.string(3, platform.variant);
  writer.string(4, platform['os.version']);
  writer.strings(5, platform['os.features']);
}

export function decodePlatform(reader: Reader): Platform {
  let [architecture, os, variant, version] = ['', '', '', ''];
  const features: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        architecture = reader.string();
        break;
      case 2:
        os = reader.string();
        break;
      case 3:
        variant = reader.string();
        break;
      case 4:
        version = reader.string();
        break;
      case 5:
        features.push(reader.string());
        break;
    }
  }
  return {
    os,
    architecture,
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
    ...(features.length > 0 && { 'os.features': features }),
  };
}
