package terraform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

// seen writes down what is read, with places.
func seen(d *facts.Document) string {
	var out []string
	for _, use := range d.Images {
		at := use.Span.From()
		out = append(out, fmt.Sprintf("%d:%d %s runs %s", at.Line, at.Column, use.Name, use.References[0].String()))
	}
	for _, p := range d.Placements {
		at := p.Span.From()
		pool := ""
		if p.Pool {
			pool = " pool"
		}
		out = append(out, fmt.Sprintf("%d:%d %s%s is on %s by %s", at.Line, at.Column, p.What, pool, strings.Join(p.Architectures, ","), p.Setting))
	}
	return strings.Join(out, "\n")
}

func TestKubernetes(t *testing.T) {
	affinity := func(terms string) string {
		return "resource \"kubernetes_pod\" \"p\" {\n spec {\n  affinity {\n   node_affinity {\n    required_during_scheduling_ignored_during_execution {\n" + terms + "    }\n   }\n  }\n  container { image = \"a:1\" }\n }\n}\n"
	}
	term := func(key, operator, values string) string {
		return "node_selector_term {\n match_expressions {\n key = \"" + key + "\"\n operator = \"" + operator + "\"\n values = [" + values + "]\n }\n}\n"
	}
	tests := []struct{ name, text, want string }{
		{
			"a deployment", "resource \"kubernetes_deployment_v1\" \"web\" {\n  spec {\n    template {\n      spec {\n        node_selector = {\n          \"kubernetes.io/arch\" = \"amd64\"\n        }\n        init_container {\n          image = \"busybox:1\"\n        }\n        container {\n          name  = \"web\"\n          image = \"nginx:1.27\"\n        }\n        container {\n          image = var.image\n        }\n      }\n    }\n  }\n}\n",
			"9:20 Deployment \"web\" runs busybox:1\n13:20 container \"web\" of Deployment \"web\" runs nginx:1.27\n6:35 Deployment \"web\" is on amd64 by node_selector",
		},
		{"a cron job", "resource \"kubernetes_cron_job_v1\" \"j\" {\n spec {\n job_template {\n spec {\n template {\n spec {\n container {\n image = \"${var.a}/b:1\"\n}\n node_selector = { \"node.kubernetes.io/instance-type\" = \"m7g.large\" }\n }\n }\n }\n }\n }\n}\n", "10:58 CronJob \"j\" is on arm64 by node_selector"},
		{"a variable", "resource \"kubernetes_pod\" \"p\" {\n spec {\n node_selector = { \"kubernetes.io/arch\" = var.arch }\n container {\n image = \"a:1\"\n}\n}\n}\n", "5:11 Pod \"p\" runs a:1"},
		{"labels that are a variable", "resource \"kubernetes_pod\" \"p\" {\n spec {\n node_selector = var.labels\n container {\n image = \"a:1\"\n}\n}\n}\n", "5:11 Pod \"p\" runs a:1"},
		{"for Windows", "resource \"kubernetes_pod\" \"p\" {\n spec {\n node_selector = { \"kubernetes.io/os\" = \"windows\", \"kubernetes.io/arch\" = \"amd64\" }\n container {\n image = \"a:1\"\n}\n}\n}\n", ""},
		{"an affinity", affinity(term("kubernetes.io/arch", "In", `"amd64"`)), "10:13 Pod \"p\" is on amd64 by node_affinity"},
		{"an affinity for both", affinity(term("kubernetes.io/arch", "In", `"amd64", "arm64"`)), "10:13 Pod \"p\" is on amd64,arm64 by node_affinity"},
		{"an affinity against one", affinity(term("kubernetes.io/arch", "NotIn", `"arm64"`)), "10:13 Pod \"p\" is on amd64,arm,386,ppc64le,s390x,riscv64 by node_affinity"},
		{"a way for all", affinity(term("kubernetes.io/arch", "In", `"amd64"`) + term("zone", "In", `"a"`)), ""},
		{"terms that are not known", affinity("dynamic \"node_selector_term\" {\n for_each = var.x\n content {}\n}\n"), ""},
		{"nothing that runs", "resource \"kubernetes_namespace\" \"n\" {\n metadata { name = \"n\" }\n}\n", ""},
		{"a value of a release", "resource \"helm_release\" \"r\" {\n set {\n  name  = \"controller.nodeSelector.kubernetes\\\\.io/arch\"\n  value = \"amd64\"\n }\n set {\n  name  = \"nodeSelector.zone\"\n  value = \"amd64\"\n }\n}\n", "4:12 release \"r\" is on amd64 by nodeSelector"},
		{"values in a list", "resource \"helm_release\" \"r\" {\n set = [{\n  name  = \"nodeSelector.beta\\\\.kubernetes\\\\.io/arch\"\n  value = \"amd64\"\n }]\n}\n", "4:12 release \"r\" is on amd64 by nodeSelector"},
		{"a manifest", "resource \"kubernetes_manifest\" \"m\" {\n manifest = {\n  apiVersion = \"v1\"\n  kind = \"Pod\"\n  \"metadata\" = { name = \"p\" }\n  spec = {\n   nodeSelector = { \"kubernetes.io/arch\" = \"amd64\" }\n   containers = [{ name = \"c\", image = \"a:2\" }, { image = var.x }]\n  }\n }\n}\n", "8:41 container \"c\" of Pod \"p\" runs a:2\n7:45 Pod \"p\" is on amd64 by nodeSelector"},
		{"a list with a hole", "resource \"kubernetes_manifest\" \"m\" {\n manifest = {\n  apiVersion = \"karpenter.sh/v1\"\n  kind = \"NodePool\"\n  metadata = { name = \"p\" }\n  spec = { template = { spec = { requirements = [{ key = \"kubernetes.io/arch\", operator = \"In\", values = [\"amd64\", var.x] }] } } }\n }\n}\n", "4:11 NodePool \"p\" pool is on amd64,arm64,arm,386,ppc64le,s390x,riscv64 by requirements"},
		{"a manifest as a text", "resource \"kubectl_manifest\" \"m\" {\n yaml_body = <<YAML\napiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata:\n  name: p\nspec:\n  template:\n    spec:\n      requirements:\n      - {key: kubernetes.io/arch, operator: In, values: [amd64]}\nYAML\n}\n", "11:58 NodePool \"p\" pool is on amd64 by requirements"},
		{"values of a release in a text", "resource \"helm_release\" \"r\" {\n values = [yamlencode({\n  image = { repository = \"a/b\", tag = \"1\" }\n  web = { nodeSelector = { \"kubernetes.io/arch\" = \"amd64\" } }\n }), file(\"x\")]\n}\n", "3:27 release \"r\" runs a/b:1\n4:52 release \"r\" is on amd64 by nodeSelector"},
		{"pools", "resource \"aws_eks_node_group\" \"a\" {\n instance_types = [\"m7i.large\", \"m6a.large\"]\n}\nresource \"google_container_node_pool\" \"b\" {\n node_config {\n machine_type = \"c4a-standard-4\"\n}\n}\nresource \"azurerm_kubernetes_cluster\" \"c\" {\n default_node_pool {\n vm_size = \"Standard_D4s_v5\"\n}\n}\n", "2:21 node group \"a\" pool is on amd64 by instance_types\n6:18 node group \"b\" pool is on arm64 by machine_type\n11:13 node group \"c\" pool is on amd64 by vm_size"},
		{"pools that are not known", "resource \"aws_eks_node_group\" \"a\" {\n instance_types = [var.a, \"m6a.large\"]\n}\nresource \"aws_eks_node_group\" \"w\" {\n ami_type = \"WINDOWS_CORE_2022_x86_64\"\n instance_types = [\"m6a.large\"]\n}\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := seen(Parse(source.New("x.tf", []byte(tt.text))))
			if strings.Contains(tt.text, "\"a:1\" }") {
				var rest []string
				for line := range strings.SplitSeq(got, "\n") {
					if !strings.Contains(line, " runs ") {
						rest = append(rest, line)
					}
				}
				got = strings.Join(rest, "\n")
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestHalfAFile(t *testing.T) {
	if d := Parse(source.New("x.tf", []byte("resource \"aws_lambda_function\" {"))); !d.Doubtful {
		t.Error("half a file of Terraform is read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("resource \"aws_ecs_task_definition\" \"a\" {\n  container_definitions = jsonencode([{image = \"b\", \"name\": c}])\n  runtime_platform { cpu_architecture = \"X86_64\" }\n}\n")
	f.Add("resource \"aws_lambda_function\" \"a\" {\n  architectures = [\"arm64\"]\n}\nresource \"aws_codebuild_project\" \"a\" {\n  environment { type = \"ARM_CONTAINER\" }\n}\n")
	f.Add("resource \"aws_ecs_task_definition\" \"a\" {\n  container_definitions = <<EOF\n[{\"image\": \"b\"}]\nEOF\n}\n")
	f.Add("resource \"kubernetes_pod\" \"a\" {\n  spec {\n    node_selector = {\"kubernetes.io/arch\" = \"amd64\"}\n    container { image = \"b\" }\n  }\n}\n")
	f.Add("resource \"kubernetes_manifest\" \"a\" {\n  manifest = {apiVersion = \"v1\", kind = \"Pod\", spec = {containers = [{image = \"é\"}], nodeSelector = {\"kubernetes.io/arch\" = \"amd64\"}}}\n}\nresource \"kubectl_manifest\" \"b\" {\n  yaml_body = <<EOF\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]}\nEOF\n}\n")
	f.Add("resource \"helm_release\" \"a\" {\n  set { name = \"nodeSelector.kubernetes\\\\.io/arch\" }\n  set = [{name = \"x\", value = \"y\"}]\n}\nresource \"aws_eks_node_group\" \"a\" {\n  instance_types = [\"m7i.large\"]\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := func(s source.Span) {
			if s.IsZero() || s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Fatalf("%d-%d is not in the file", s.Start, s.End)
			}
		}
		d := Parse(source.New("x.tf", []byte(text)))
		for _, use := range d.Images {
			in(use.Span)
		}
		for _, p := range d.Placements {
			in(p.Span)
			if len(p.Architectures) == 0 && p.Setting != "node_affinity" {
				t.Fatal("a placement without an architecture")
			}
		}
	})
}
