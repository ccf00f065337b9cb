import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationAttrs } from './annotations.ts';

test('an annotation goes to every level that stands before its key', () => {
  for (const [text, attrs] of [
    ['a=b', { 'annotation.a': 'b' }],
    ['org.x.url=https://x:y', { 'annotation.org.x.url': 'https://x:y' }],
    ['index:a=b=c', { 'annotation-index.a': 'b=c' }],
    [
      'index,index-descriptor,manifest[linux/amd64],manifest-descriptor[linux/arm/v7]:a=',
      {
        'annotation-index.a': '',
        'annotation-index-descriptor.a': '',
        'annotation-manifest[linux/amd64].a': '',
        'annotation-manifest-descriptor[linux/arm/v7].a': '',
      },
    ],
  ] as const) {
    assert.deepEqual(annotationAttrs(text), attrs);
  }
  for (const [text, message] of [
    ['a', /expected KEY=VALUE/],
    ['index:=b', /needs KEY=VALUE/],
    ['layer:a=b', /unknown annotation type "layer"/],
    ['index,:a=b', /unknown annotation type ""/],
    ['manifest[a b]:a=b', /unknown annotation type "manifest\[a b\]"/],
  ] as const) {
    assert.throws(() => annotationAttrs(text), message);
  }
});
