package kubernetes

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

type files map[string]string

func (f files) ReadFile(path string) ([]byte, error) {
	if text, ok := f[path]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

// seen is what was found, one line a fact: "line:column image: reference" and
// "line:column setting: architectures".
func seen(d *facts.Document) []string {
	var out []string
	for _, use := range d.Images {
		reference := "?"
		if len(use.References) > 0 {
			reference = use.References[0].String()
		}
		at := use.Span.From()
		out = append(out, fmt.Sprintf("%d:%d %s: %s", at.Line, at.Column, use.Name, reference))
	}
	for _, p := range d.Placements {
		at := p.Span.From()
		out = append(out, fmt.Sprintf("%d:%d %s of %s: %s", at.Line, at.Column, p.Setting, p.What, strings.Join(p.Architectures, " ")))
	}
	return out
}

func TestParse(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a pod", pod + "  containers:\n  - name: a\n    image: \"nginx:1\" # c\n", []string{`7:13 container "a" of Pod "p": nginx:1`}},
		{"no manifest", "kind: x\ncontainers:\n- image: nginx\n", nil},
		{"a map of settings", "apiVersion: v1\nkind: ConfigMap\ndata:\n  image: nginx\n  pod.yaml: |\n    containers:\n    - image: nginx\n", nil},
		{"windows", pod + "  nodeSelector: {kubernetes.io/os: windows, kubernetes.io/arch: amd64}\n  containers: [{image: x}]\n", nil},
		{
			"several terms", pod + "  containers: [{image: nginx}]\n  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [\n" +
				"    {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]},\n    {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [s390x]}]}]}}}\n",
			[]string{`5:24 Pod "p": nginx`, `7:74 nodeAffinity of Pod "p": amd64 s390x`},
		},
		{
			"a term without", pod + "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [\n" +
				"    {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]},\n    {matchExpressions: [{key: disk, operator: Exists}]}]}}}\n  containers: [{image: nginx}]\n",
			[]string{`8:24 Pod "p": nginx`},
		},
		{"an architecture that is none", pod + "  nodeSelector: {kubernetes.io/arch: gpu}\n  containers: [{image: nginx}]\n", []string{`6:24 Pod "p": nginx`}},
		{
			"a template", "{{- if .Values.x }}\n" + pod + "  {{- with .Values.y }}\n  nodeSelector:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n  containers:\n  - name: {{ .Chart.Name }}\n    image: \"a/{{ .Values.b }}:1\"\n  - {name: b, image: nginx:1}\n{{- end }}\n",
			[]string{`12:13 Pod "p": ?`, `13:22 container "b" of Pod "p": nginx:1`},
		},
		{"a template that is no YAML", pod + "  containers:\n  {{ range }}- image: nginx:1\n   {{ else }}x: [\n", nil},
		{"aliases", pod + "  initContainers: &c\n  - image: nginx\n  containers: *c\n", []string{`6:12 Pod "p": nginx`, `6:12 Pod "p": nginx`}},
		{"an alias of itself", pod + "  containers: &c\n  - image: nginx\n    x: *c\n", []string{`6:12 Pod "p": nginx`}},
		{"a step of Tekton", "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - name: s\n    image: nginx\n  - image: $(params.image)\n", []string{`6:12 container "s" of Task: nginx`, `7:12 Task: ?`}},
		{"references that are none", pod + "  containers: [{image: 'ko://a/b'}, {image: '/proxy:'}, {image: 'a:$V'}]\n", []string{`5:25 Pod "p": ?`, `5:46 Pod "p": ?`, `5:66 Pod "p": ?`}},
		{
			"an image of a resource", "apiVersion: ceph.rook.io/v1\nkind: CephCluster\nmetadata: {name: c}\nspec: {cephVersion: {image: 'quay.io/ceph/ceph:v20'}, x: {image: 'ubuntu:22.04'}, y: {image: a/b}}\nstatus: {image: 'a/b:1'}\n",
			[]string{`4:30 CephCluster "c": quay.io/ceph/ceph:v20`},
		},
		{
			"values for a chart", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h}\nspec:\n  values:\n    image: {repository: ghcr.io/a/b, tag: 1.0@sha256:12}\n    x: {image: {repository: c}}\n    nodeSelector: {kubernetes.io/arch: amd64}\n",
			[]string{`6:25 HelmRelease "h": ghcr.io/a/b:1.0@sha256:12`, `8:40 nodeSelector of HelmRelease "h": amd64`},
		},
		{"values for a chart of Argo CD", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {helm: {valuesObject: {image: 'a/b:1'}}}}\n", []string{`3:47 Application: a/b:1`}},
		{"an image of a core resource", "apiVersion: example.k8s.io/v1\nkind: X\nspec: {image: 'a/b:1'}\n", nil},
		{"steps of something else", "apiVersion: example.com/v1\nkind: Recipe\nspec:\n  steps:\n  - image: nginx\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Parse(source.New("x.yaml", []byte(tt.text)), nil, nil)
			if diff := cmp.Diff(tt.want, seen(d)); diff != "" {
				t.Error(diff)
			}
			if d.Doubtful != (tt.want == nil) {
				t.Errorf("doubtful: %v", d.Doubtful)
			}
		})
	}
}

func TestValues(t *testing.T) {
	const chart = "name: c\nappVersion: v2\n"
	tests := []struct{ name, values, want string }{
		{"all of it", "image:\n  registry: ghcr.io\n  repository: a/b\n  tag: 1.0\n", `3:15 chart "c": ghcr.io/a/b:1.0`},
		{"the version of the application", "image: {repository: a/b}\n", `1:21 chart "c": a/b:v2`},
		{"a digest", "image: {repository: a/b, tag: 1, digest: 'sha256:12'}\n", `1:21 chart "c": a/b@sha256:12`},
		{"deep down", "x: {y: [{initImage: {repository: a, tag: '3'}}]}\n", `1:34 chart "c": a:3`},
		{"no image", "git: {repository: a/b, tag: 1}\n", ""},
		{"in one", "image: a/b:1\nbusyboxImage: busybox@sha256:12\nimagePullPolicy: x:y\n", `1:8 chart "c": a/b:1` + "\n" + `2:15 chart "c": busybox@sha256:12`},
		{"the tag beside it", "init: {image: a, imageTag: 2.10}\nx: {image: b, tag: 3, registry: r.io}\ny: {image: c}\nz: {image: a@sha256, imageTag: 12}\n", `1:15 chart "c": a:2.10` + "\n" + `2:12 chart "c": r.io/b:3` + "\n" + `4:12 chart "c": a@sha256:12`},
		{"a name", "image: {name: a/b, tag: 1}\nx: {image: {name: a, tag: 1}}\n", `1:15 chart "c": a/b:1`},
		{
			"one registry for all", "global: {image: {registry: r.io}}\na: {image: {image: b, tag: 1, digest: 'sha256:12'}}\nc: {image: 'q.io/d:1'}\nimage: {repository: e, tag: 1}\n",
			`2:20 chart "c": r.io/b@sha256:12` + "\n" + `3:13 chart "c": q.io/d:1` + "\n" + `4:21 chart "c": r.io/e:1`,
		},
		{"null", "image: {registry: null, repository: a/b, tag: ~}\nx: {image: {registry: ~, repository: null, tag: null}}\n", `1:37 chart "c": a/b:v2`},
		{"Istio's hub", "global: {hub: r.io/x, tag: '1'}\na: {hub: '', tag: '', image: pilot}\nb: {hub: q.io, tag: 2, image: ztunnel, variant: ''}\nc: {image: proxyv2}\nd: {hub: '', image: z.io/d/e}\n", `2:30 chart "c": r.io/x/pilot:1` + "\n" + `3:31 chart "c": q.io/ztunnel:2`},
		{"the image of something", "imageK8S: a/b:1\nimageRegistryPort: localhost:5000\nimagePullPolicy: IfNotPresent\nimageTag: 'v:1'\nimaged: a/b:1\n", `1:11 chart "c": a/b:1`},
		{"no reference", "image: 'a b:c'\nx: {image: '{{ y }}:1'}\n", ""},
		{"nothing given", "image: {repository: '', tag: 1}\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Parse(source.New("c/values.yaml", []byte(tt.values)), files{"c/Chart.yaml": chart}, nil)
			if got := strings.Join(seen(d), "\n"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if d := Parse(source.New("c/values-live.yaml", []byte(tt.values)), files{"c/Chart.yaml": chart}, nil); strings.Contains(strings.Join(seen(d), ""), ":v2") {
				t.Error("values over others are taken for all values")
			}
			if d := Parse(source.New("d/values.yaml", []byte(tt.values)), files{"c/Chart.yaml": chart}, nil); len(d.Images) > 0 {
				t.Error("values without a chart are read")
			}
		})
	}
}

func TestVersionWithPrefix(t *testing.T) {
	for _, helper := range []string{`(default (printf "v%s" .Chart.AppVersion) .Values.image.tag)`, `{{ print "v" $.Chart.AppVersion }}`, `{{ .Values.image }}:v{{ .Chart.AppVersion }}`} {
		d := Parse(source.New("c/values.yaml", []byte("image: {repository: a/b}\n")), files{"c/Chart.yaml": "name: c\nappVersion: 1.2\n", "c/templates/_helpers.tpl": helper}, nil)
		if got := seen(d); len(got) != 1 || got[0] != `1:21 chart "c": a/b:v1.2` {
			t.Errorf("%s: %s", helper, got)
		}
	}
}

func TestValuesForAnotherChart(t *testing.T) {
	d := Parse(source.New("c/values.yaml", []byte("redis: {image: {repository: a/b}}\ndb: {image: {repository: a/b, tag: 2}}\nmysql: {image: {repository: c}}\n")), files{
		"c/Chart.yaml": "name: c\nappVersion: v2\ndependencies: [{name: redis}, {name: mysql, alias: db}]\n",
	}, nil)
	if got := strings.Join(seen(d), "\n"); got != `2:26 chart "c": a/b:2`+"\n"+`3:29 chart "c": c:v2` {
		t.Error(got)
	}
}

func TestPatches(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{
			"operations written out", "kustomization.yaml", "patches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/initContainers\n      value:\n        - name: init\n          image: busybox:1\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: \"a/b:2\"\n    - op: remove\n      path: /spec/x\n",
			`8:18 container "init" of Deployment "web": busybox:1` + "\n" + `11:15 Deployment "web": a/b:2`,
		},
		{
			"selectors", "kustomization.yaml", "patchesJson6902:\n- path: p.yaml\n  target: {kind: Job, name: j}\n- patch: |\n    - {op: add, path: /spec/template/spec/nodeSelector, value: {kubernetes.io/arch: amd64}}\n    - {op: add, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch, value: arm64}\n",
			"5:85 nodeSelector of patch: amd64\n6:84 nodeSelector of patch: arm64",
		},
		{
			"a manifest written out", "kustomization.yaml", "patchesStrategicMerge:\n- a.yaml\n- |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n  spec: {template: {spec: {containers: [{name: a, image: 'b:1'}]}}}\n",
			`7:59 container "a" of Deployment "web": b:1`,
		},
		{
			"a manifest in a workflow", "w.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  templates:\n  - resource:\n      action: create\n      manifest: |\n        apiVersion: batch/v1\n        kind: Job\n        metadata: {name: {{x}}}\n        spec: {template: {spec: {containers: [{image: 'a:1'}, {image: 'b:{{y}}'}]}}}\n",
			`12:56 Job: a:1` + "\n" + `12:72 Job: ?`,
		},
		{"a file of operations", "p.yaml", "- op: add\n  path: /spec/template/spec/containers/-\n  value: {name: a, image: 'b:1'}\n", `3:28 container "a" of patch: b:1`},
		{"operations on something else", "p.yaml", "- op: add\n  path: /spec/image\n  value: 'b:1'\n- op: test\n  path: /spec/containers/0/image\n  value: 'c:1'\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(seen(Parse(source.New(tt.file, []byte(tt.text)), nil, nil)), "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestMaskKeepsPlaces(t *testing.T) {
	text := "a: {{ .b }}\n{{- if c }}\n  - {{ x\n  }}: é\n{{/* c\n */}}\nd: 'é{{`}}`'\n{{ not closed\n"
	masked := mask([]byte(text))
	if len(masked) != len(text) || strings.Count(string(masked), "\n") != strings.Count(text, "\n") {
		t.Errorf("%q", masked)
	}
	if !strings.HasPrefix(string(masked), "a: ________\n           \n") {
		t.Errorf("%q", masked)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  spec:\n    nodeSelector: {kubernetes.io/arch: amd64}\n    containers: [{image: a}]\n")
	f.Add("apiVersion: v1\nkind: {{ x }}\nspec: &a\n  containers:\n  - {{- y }}\n  - image: \"{{ z }}\"\n    b: *a\n")
	f.Add("patches:\n- patch: |-\n    - op: add\n      path: /spec/containers/0/image\n      value: a\n- target: {kind: x}\n  patch: \"\\n- {op: add, path: /a/nodeSelector/kubernetes.io~1arch, value: amd64}\"\n")
	f.Add("images:\n- {name: a, newTag: b}\nimage: {repository: x}\nnodeSelector: {kubernetes.io/arch: amd64}\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"x.yaml", "values.yaml", "kustomization.yaml"} {
			file := source.New(name, []byte(text))
			d := Parse(file, files{"Chart.yaml": "name: c\n"}, nil)
			check := func(s source.Span) {
				if s.File != file || s.Start < 0 || s.End < s.Start || s.End > len(text) {
					t.Fatalf("%s: %d-%d is not in the file", name, s.Start, s.End)
				}
			}
			for _, use := range d.Images {
				check(use.Span)
				for _, v := range use.References {
					if span := v.Span(0, len(v.String())); !span.IsZero() {
						check(span)
					}
				}
			}
			for _, p := range d.Placements {
				check(p.Span)
				check(p.Line)
			}
		}
	})
}
