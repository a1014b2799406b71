package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFixesOfSelectors(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	const containers = "  containers:\n  - image: nginx:1.27\n"
	const affinity = "  affinity:\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        nodeSelectorTerms:\n" +
		"          - matchExpressions:\n              - key: kubernetes.io/arch\n                operator: In\n                values: [amd64, arm64]\n"
	tests := []struct{ name, before, after string }{
		{"alone", "  nodeSelector:\n    kubernetes.io/arch: amd64\n" + containers, affinity + containers},
		{"the old label in one line", "  nodeSelector: {\"beta.kubernetes.io/arch\": 'amd64'}\n" + containers, affinity + containers},
		{"at the end", containers + "  nodeSelector:\n    kubernetes.io/arch: \"amd64\"\n", containers + affinity},
		{
			"with others", "  nodeSelector:\n    disk: ssd\n    kubernetes.io/arch: amd64\n    zone: a\n" + containers,
			affinity + "  nodeSelector:\n    disk: ssd\n    zone: a\n" + containers,
		},
		{"with others in one line", "  nodeSelector: {disk: ssd, kubernetes.io/arch: amd64}\n" + containers, ""},
		{"with a comment", "  nodeSelector:\n    # why\n    kubernetes.io/arch: amd64\n" + containers, ""},
		{"with a comment behind it", "  nodeSelector:\n    kubernetes.io/arch: amd64 # why\n" + containers, ""},
		{"with an affinity", "  nodeSelector:\n    kubernetes.io/arch: amd64\n  affinity: {podAffinity: {}}\n" + containers, ""},
		{"with an image that is not known", "  nodeSelector:\n    kubernetes.io/arch: amd64\n" + containers + "  - image: registry.example.com/x:1\n", ""},
		{"in a template", "  {{- with x }}\n  y: {{ y }}\n  {{- end }}\n  nodeSelector:\n    kubernetes.io/arch: amd64\n" + containers, ""},
		{"by the type of the machine", "  nodeSelector:\n    node.kubernetes.io/instance-type: m5.large\n" + containers, ""},
	}
	for _, tt := range tests {
		for _, newline := range []string{"\n", "\r\n"} {
			t.Run(tt.name, func(t *testing.T) {
				r := repository{"x.yaml": strings.ReplaceAll(head+tt.before, "\n", newline)}
				findings := r.lint(t)
				if len(findings) != 1 || findings[0].Rule != "pinned-node-architecture" {
					t.Fatalf("%+v", findings)
				}
				if findings[0].Fix == nil {
					if tt.after != "" {
						t.Error("there is no fix")
					}
					return
				}
				if diff := cmp.Diff(strings.ReplaceAll(head+tt.after, "\n", newline), r.fixed(findings)["x.yaml"]); diff != "" || !findings[0].Fix.Safe {
					t.Errorf("safe: %v\n%s", findings[0].Fix.Safe, diff)
				}
				checkFix(t, r, findings, findings[0])
			})
		}
	}
}
