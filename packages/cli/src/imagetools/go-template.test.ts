import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { renderTemplate } from './go-template.ts';

const value = {
  name: 'app',
  image: { 'linux/amd64': { config: { Env: ['A=1', 'B=2'] }, rootfs: { diff_ids: ['x'] } } },
  manifest: { mediaType: 'm', manifests: [{ size: 1 }, { size: 2 }] },
  SBOM: async () => ({ SPDX: { packages: [{ name: 'a<b' }] } }),
  empty: {},
};

test('templates are filled in as Go fills them in', async () => {
  for (const [template, text] of [
    ['plain {{.Name}}!', 'plain app!'],
    ['{{json .Name}}', '"app"'],
    ['{{.Manifest.MediaType}}', 'm'],
    ['{{json (index .Image "linux/amd64").RootFS.DiffIDs}}', '[\n  "x"\n]'],
    ['{{(index .Image "linux/amd64").Config.Env | len}}', '2'],
    ['{{range .Manifest.Manifests}}{{.Size}},{{end}}', '1,2,'],
    ['{{range .Empty}}x{{else}}nothing in {{.Name}}{{end}}', 'nothing in app'],
    ['{{range $i, $m := .Manifest.Manifests}}{{$i}}:{{$m.Size}} {{end}}', '0:1 1:2 '],
    ['{{range $name, $value := .SBOM.SPDX}}{{$name}} {{len $value}}{{end}}', 'packages 1'],
    ['{{with .SBOM.SPDX}}{{range .packages}}{{json .name}}{{println}}{{end}}{{end}}', '"a\\u003cb"\n'],
    ['{{if eq .Name "app"}}yes{{else}}no{{end}}{{if not .Name}}yes{{end}}', 'yes'],
    ['{{$n := .Name}}{{range $m := .Manifest.Manifests}}{{$n}}{{$m.Size}} {{end}}', 'app1 app2 '],
    ['a {{- /* said to nobody */ -}} b {{- `}}` }}', 'ab}}'],
    ['{{.Nothing.At.All}}', '<no value>'],
    ['{{index .Manifest.Manifests 1 | json}}', '{\n  "size": 2\n}'],
    ['{{$.Name}}{{print "a" 1}}', 'appa1'],
  ] as const) {
    assert.equal(await renderTemplate(template, value), text, template);
  }
  assert.match(await renderTemplate('{{json .}}', value), /^\{\n {2}"name": "app",[^]*"empty": \{\}\n\}$/);
});

test('what is no template is told', async () => {
  for (const [template, message] of [
    ['{{.Name', /unclosed action/],
    ['{{if .Name}}x', /an? if without its end/],
    ['{{end}}', /end without a beginning/],
    ['{{nope .Name}}', /function "nope" not defined; there are json, index/],
    ['{{$x}}', /undefined variable \$x/],
    ['{{.Name "x"}}', /only functions take arguments/],
    ['{{(.Name}}', /parenthesis is not closed/],
    ['{{.Name)}}', /unexpected \)/],
    ['{{$a, $b := .Name}}', /too many variables/],
    ['{{}}', /a value is missing/],
    ['{{.Name | }}', /a value is missing/],
  ] as const) {
    await assert.rejects(
      renderTemplate(template, value),
      (error) => error instanceof Mistake && message.test(error.message),
    );
  }
});
