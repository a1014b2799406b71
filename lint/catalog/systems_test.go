package catalog

import (
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/arch"
)

// systemCase is one of the systems that everybody who moves to arm64 meets: what
// the catalogue has to say of its images and of its release files. A system that
// has no image or no file says why, and what stays unknown is named, too.
type systemCase struct {
	name       string
	images     []imageCase
	noImage    string
	downloads  []downloadCase
	noDownload string
	// unknown are references and URLs for which no fact could be established.
	unknown []string
}

// imageCase is one line of images: the tags up to the last one without linux/arm64,
// where to go, and the tags from the first one with it.
type imageCase struct {
	without []string
	since   string // the version that the answer names; "" if there is none
	advice  string // what the advice holds; "" to leave that open
	with    []string
}

// downloadCase is one way of naming release files.
type downloadCase struct {
	old   string // the amd64 file of the last version without one for arm64
	since string // the version to move to
	noOld string // why there is no old file
	amd64 string // the amd64 file of a version that has both
	arm64 string // the file for arm64 of the same version
	word  string // what stands in its name
}

const (
	githubURL    = "https://github.com/"
	hashicorpURL = "https://releases.hashicorp.com/"
	alwaysHad    = "arm64 since the first release with this name"
)

// TestSystems asks about each system as people write it, without a network.
func TestSystems(t *testing.T) {
	c := Default()
	for _, system := range []systemCase{
		{
			name:       "Dev container images",
			images:     []imageCase{{without: []string{"mcr.microsoft.com/devcontainers/universal:2-linux", "mcr.microsoft.com/devcontainers/universal:6.0.8-noble", "mcr.microsoft.com/vscode/devcontainers/universal:linux"}, advice: "devcontainers/base"}},
			noDownload: "images only",
			unknown:    []string{"mcr.microsoft.com/devcontainers/base:bookworm", "quay.io/jetstack/cert-manager-controller:v0.0.0"},
		},
		{
			name: "Istio",
			images: []imageCase{
				{
					without: []string{
						"istio/proxyv2:1.14.6", "docker.io/istio/pilot:1.14.6-distroless", "istio/install-cni:1.14", "gcr.io/istio-release/proxyv2:1.14.6",
						"istio/proxyv2:1.15.0-rc.1",
					},
					since: "1.15.0", advice: "1.15",
					with: []string{
						"istio/proxyv2:1.15.0", "index.docker.io/istio/pilot:1.15.0-distroless", "istio/proxyv2:1.15", "gcr.io/istio-release/pilot:1.20.3", "istio/proxyv2:latest",
						"registry.istio.io/release/ztunnel:1.30.0",
					},
				},
				{without: []string{"istio/mixer:1.4.3", "istio/citadel:1.4.3", "istio/proxy_init:1.2.5"}, advice: "istio/pilot"},
			},
			downloads: []downloadCase{
				{
					old: githubURL + "istio/istio/releases/download/1.5.10/istio-1.5.10-linux.tar.gz", since: "1.6.0",
					amd64: githubURL + "istio/istio/releases/download/1.20.0/istio-1.20.0-linux-amd64.tar.gz",
					arm64: githubURL + "istio/istio/releases/download/1.20.0/istio-1.20.0-linux-arm64.tar.gz", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "istio/istio/releases/download/1.20.0/istioctl-1.20.0-linux-amd64.tar.gz",
					arm64: githubURL + "istio/istio/releases/download/1.20.0/istioctl-1.20.0-linux-arm64.tar.gz", word: "arm64",
				},
			},
		},
		{
			name: "Envoy",
			images: []imageCase{
				{
					without: []string{"envoyproxy/envoy:v1.15.5", "docker.io/envoyproxy/envoy:v1.15-latest"}, since: "1.16.0", advice: "v1.16.0",
					with: []string{
						"envoyproxy/envoy:v1.16.0", "envoyproxy/envoy:v1.16-latest", "envoyproxy/envoy:v1.22.9", "envoyproxy/envoy:v1.23.1",
						"envoyproxy/envoy:distroless-v1.30.1", "envoyproxy/envoy:contrib-v1.30.1",
					},
				},
				// An arm64 entry with a program for amd64 in it.
				{without: []string{"envoyproxy/envoy:v1.23.0"}, advice: "v1.23.1"},
				{without: []string{"envoyproxy/envoy-alpine:v1.21.0"}, advice: "envoyproxy/envoy"},
				{without: []string{"envoyproxy/envoy-distroless:v1.22.2"}, since: "1.23.1", with: []string{"envoyproxy/envoy-distroless:v1.23.1"}},
			},
			downloads: []downloadCase{{
				noOld: "there are no files before 1.24.0",
				amd64: githubURL + "envoyproxy/envoy/releases/download/v1.30.1/envoy-1.30.1-linux-x86_64",
				arm64: githubURL + "envoyproxy/envoy/releases/download/v1.30.1/envoy-1.30.1-linux-aarch_64", word: "aarch_64",
			}},
		},
		{
			name: "Traefik",
			images: []imageCase{
				{
					without: []string{"traefik:v1.3.7", "traefik:1.3.7", "docker.io/library/traefik:v1.3.7"}, since: "1.3.8",
					with: []string{"traefik:v1.3.8", "traefik:1.7", "traefik:v2.10", "traefik", "public.ecr.aws/docker/library/traefik:v3.0", "ghcr.io/traefik/traefik:v3.1.0"},
				},
				{without: []string{"traefik:v1.4.2-alpine"}, since: "1.4.3", with: []string{"traefik:v1.4.3-alpine", "traefik:1.7-alpine"}},
			},
			downloads: []downloadCase{
				{
					noOld: alwaysHad,
					amd64: githubURL + "traefik/traefik/releases/download/v2.10.0/traefik_v2.10.0_linux_amd64.tar.gz",
					arm64: githubURL + "containous/traefik/releases/download/v2.10.0/traefik_v2.10.0_linux_arm64.tar.gz", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "containous/traefik/releases/download/v1.7.34/traefik_linux-amd64",
					arm64: githubURL + "traefik/traefik/releases/download/v1.7.34/traefik_linux-arm64", word: "arm64",
				},
			},
		},
		{
			name: "Flannel",
			images: []imageCase{{
				without: []string{"quay.io/coreos/flannel:v0.12.0"}, since: "0.13.0", advice: "ghcr.io/flannel-io/flannel",
				with: []string{
					"quay.io/coreos/flannel:v0.13.0", "quay.io/coreos/flannel:v0.15.1", "rancher/mirrored-flannelcni-flannel:v0.17.0",
					"flannel/flannel:v0.22.0", "ghcr.io/flannel-io/flannel:v0.26.7",
				},
			}},
			downloads: []downloadCase{{
				old: githubURL + "coreos/flannel/releases/download/v0.7.0/flannel-v0.7.0-linux-amd64.tar.gz", since: "0.7.1",
				amd64: githubURL + "flannel-io/flannel/releases/download/v0.22.0/flannel-v0.22.0-linux-amd64.tar.gz",
				arm64: githubURL + "flannel-io/flannel/releases/download/v0.22.0/flannel-v0.22.0-linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name: "Helm", // no official image of the client; what people take instead
			images: []imageCase{
				{without: []string{"gcr.io/kubernetes-helm/tiller:v2.17.0", "ghcr.io/helm/tiller:v2.17.0"}, advice: "Helm 3"},
				{without: []string{"alpine/helm:3.5.3"}, since: "3.5.4", with: []string{"alpine/helm:3.5.4", "alpine/helm:3.14.0", "alpine/helm:latest"}},
				{without: []string{"alpine/helm:3.6.0"}, advice: "current tag"},
			},
			downloads: []downloadCase{
				{
					old: "https://get.helm.sh/helm-v2.1.3-linux-amd64.tar.gz", since: "2.2.0",
					amd64: "https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz",
					arm64: "https://get.helm.sh/helm-v3.14.0-linux-arm64.tar.gz", word: "arm64",
				},
				{
					old: "https://kubernetes-helm.storage.googleapis.com/helm-v2.1.3-linux-amd64.tar.gz", since: "2.2.0",
					amd64: "https://storage.googleapis.com/kubernetes-helm/helm-v2.9.1-linux-amd64.tar.gz",
					arm64: "https://storage.googleapis.com/kubernetes-helm/helm-v2.9.1-linux-arm64.tar.gz", word: "arm64",
				},
			},
		},
		{
			name: "Jaeger",
			images: []imageCase{
				{
					without: []string{"jaegertracing/all-in-one:1.23.0", "jaegertracing/jaeger-agent:1.23", "quay.io/jaegertracing/jaeger-collector:1.22.0"},
					since:   "1.24.0",
					with: []string{
						"jaegertracing/all-in-one:1.24.0", "jaegertracing/all-in-one:1.24", "jaegertracing/all-in-one:1", "jaegertracing/all-in-one",
						"quay.io/jaegertracing/jaeger-collector:1.24.0", "jaegertracing/jaeger:2.0.0",
						"cr.jaegertracing.io/jaegertracing/jaeger:2.9.0",
					},
				},
				{without: []string{"jaegertracing/jaeger-operator:1.20.0"}, since: "1.21.0", with: []string{"jaegertracing/jaeger-operator:1.21.0"}},
			},
			downloads: []downloadCase{{
				old: githubURL + "jaegertracing/jaeger/releases/download/v1.18.0/jaeger-1.18.0-linux-amd64.tar.gz", since: "1.18.1",
				amd64: githubURL + "jaegertracing/jaeger/releases/download/v1.54.0/jaeger-1.54.0-linux-amd64.tar.gz",
				arm64: githubURL + "jaegertracing/jaeger/releases/download/v1.54.0/jaeger-1.54.0-linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name: "Fluent Bit",
			images: []imageCase{
				{
					without: []string{"fluent/fluent-bit:1.2.2", "fluent/fluent-bit:1.2"}, since: "1.3.0", advice: "1.3.0",
					with: []string{"fluent/fluent-bit:1.3.0", "fluent/fluent-bit:1.3", "fluent/fluent-bit:latest", "cr.fluentbit.io/fluent/fluent-bit:2.2.0", "ghcr.io/fluent/fluent-bit:3.0.4"},
				},
				{
					without: []string{"fluent/fluent-bit:1.8.15-debug", "fluent/fluent-bit:1.8-debug"}, since: "1.9.0",
					with: []string{"fluent/fluent-bit:1.9.0-debug", "fluent/fluent-bit:latest-debug"},
				},
				{
					without: []string{"amazon/aws-for-fluent-bit:2.8.0", "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.8.0"}, since: "2.9.0",
					with: []string{"amazon/aws-for-fluent-bit:2.9.0", "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"},
				},
			},
			noDownload: "there are no binaries on its releases, only the package repositories of distributions",
		},
		{
			name: "CoreDNS",
			images: []imageCase{
				{
					without: []string{"coredns/coredns:0.9.10", "coredns/coredns:0.9.9"}, since: "1.0.0",
					with: []string{"coredns/coredns:1.0.0", "docker.io/coredns/coredns:1.8.0", "coredns/coredns", "coredns/coredns:1.10.1"},
				},
				{without: []string{"coredns/coredns:011", "coredns/coredns:006"}, advice: "1.0.0"},
				{without: []string{"registry.k8s.io/coredns/coredns:v1.14.3"}, advice: "v1.14.2"},
			},
			downloads: []downloadCase{{
				old: githubURL + "coredns/coredns/releases/download/v0.9.9/coredns_0.9.9_linux_amd64.tgz", since: "0.9.10",
				amd64: githubURL + "coredns/coredns/releases/download/v1.9.0/coredns_1.9.0_linux_amd64.tgz",
				arm64: githubURL + "coredns/coredns/releases/download/v1.9.0/coredns_1.9.0_linux_arm64.tgz", word: "arm64",
			}},
			unknown: []string{"k8s.gcr.io/coredns:1.3.1", "registry.k8s.io/coredns/coredns:v1.9.3"},
		},
		{
			name: "Prometheus",
			images: []imageCase{
				{
					without: []string{"prom/prometheus:v2.9.2", "quay.io/prometheus/prometheus:v2.9.2"}, since: "2.10.0", advice: "v2.10.0",
					with: []string{"prom/prometheus:v2.10.0", "prom/prometheus", "quay.io/prometheus/prometheus:v2.45.0", "prom/prometheus:v3.1.0"},
				},
				{without: []string{"prom/node-exporter:v0.17.0"}, since: "0.18.0", with: []string{"quay.io/prometheus/node-exporter:v0.18.0"}},
				{without: []string{"prom/alertmanager:v0.16.2"}, since: "0.17.0", with: []string{"prom/alertmanager:v0.17.0"}},
			},
			downloads: []downloadCase{{
				old: githubURL + "prometheus/prometheus/releases/download/0.19.3/prometheus-0.19.3.linux-amd64.tar.gz", since: "0.20.0",
				amd64: githubURL + "prometheus/prometheus/releases/download/v2.45.0/prometheus-2.45.0.linux-amd64.tar.gz",
				arm64: githubURL + "prometheus/prometheus/releases/download/v2.45.0/prometheus-2.45.0.linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name:    "containerd",
			noImage: "there is no official image",
			downloads: []downloadCase{
				{
					old: githubURL + "containerd/containerd/releases/download/v1.5.18/containerd-1.5.18-linux-amd64.tar.gz", since: "1.6.0",
					amd64: githubURL + "containerd/containerd/releases/download/v1.6.0/containerd-1.6.0-linux-amd64.tar.gz",
					arm64: githubURL + "containerd/containerd/releases/download/v1.6.0/containerd-1.6.0-linux-arm64.tar.gz", word: "arm64",
				},
				{
					old: githubURL + "containerd/containerd/releases/download/v1.2.0/containerd-1.2.0.linux-amd64.tar.gz", since: "1.6.0",
					amd64: githubURL + "containerd/containerd/releases/download/v1.7.2/cri-containerd-cni-1.7.2-linux-amd64.tar.gz",
					arm64: githubURL + "containerd/containerd/releases/download/v1.7.2/cri-containerd-cni-1.7.2-linux-arm64.tar.gz", word: "arm64",
				},
			},
		},
		{
			name: "gRPC and protoc",
			images: []imageCase{{
				without: []string{"ghcr.io/grpc-ecosystem/grpc-health-probe:v0.4.5"}, since: "0.4.6",
				with: []string{"ghcr.io/grpc-ecosystem/grpc-health-probe:v0.4.6"},
			}},
			downloads: []downloadCase{
				{
					old: githubURL + "google/protobuf/releases/download/v3.4.0/protoc-3.4.0-linux-x86_64.zip", since: "3.5.0",
					amd64: githubURL + "protocolbuffers/protobuf/releases/download/v21.1/protoc-21.1-linux-x86_64.zip",
					arm64: githubURL + "protocolbuffers/protobuf/releases/download/v21.1/protoc-21.1-linux-aarch_64.zip", word: "aarch_64",
				},
				{
					noOld: "a pre-release is written in two ways",
					amd64: githubURL + "protocolbuffers/protobuf/releases/download/v25.0-rc1/protoc-25.0-rc-1-linux-x86_64.zip",
					arm64: githubURL + "protocolbuffers/protobuf/releases/download/v25.0-rc1/protoc-25.0-rc-1-linux-aarch_64.zip", word: "aarch_64",
				},
				{
					old: githubURL + "grpc-ecosystem/grpc-health-probe/releases/download/v0.3.0/grpc_health_probe-linux-amd64", since: "0.3.1",
					amd64: githubURL + "grpc-ecosystem/grpc-health-probe/releases/download/v0.4.6/grpc_health_probe-linux-amd64",
					arm64: githubURL + "grpc-ecosystem/grpc-health-probe/releases/download/v0.4.6/grpc_health_probe-linux-arm64", word: "arm64",
				},
			},
		},
		{
			name: "NATS",
			images: []imageCase{
				{without: []string{"nats:1.0.2", "docker.io/library/nats:1.0.2"}, since: "1.0.4", with: []string{"nats:1.0.4", "nats:2.10-alpine", "nats:latest", "nats:2.9.15-scratch"}},
				{without: []string{"nats-streaming:0.5.0"}, since: "0.6.0", advice: "JetStream", with: []string{"nats-streaming:0.6.0", "nats-streaming:0.25-alpine"}},
				{without: []string{"natsio/nats-box:0.6.0"}, since: "0.7.0", with: []string{"natsio/nats-box:0.7.0", "natsio/nats-box:latest"}},
			},
			downloads: []downloadCase{
				{
					old: githubURL + "nats-io/gnatsd/releases/download/v1.0.2/gnatsd-v1.0.2-linux-amd64.zip", since: "1.0.4",
					amd64: githubURL + "nats-io/nats-server/releases/download/v2.1.9/nats-server-v2.1.9-linux-amd64.zip",
					arm64: githubURL + "nats-io/nats-server/releases/download/v2.1.9/nats-server-v2.1.9-linux-arm64.zip", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "nats-io/nats-server/releases/download/v2.10.0/nats-server-v2.10.0-linux-amd64.tar.gz",
					arm64: githubURL + "nats-io/nats-server/releases/download/v2.10.0/nats-server-v2.10.0-linux-arm64.tar.gz", word: "arm64",
				},
			},
			unknown: []string{"natsio/prometheus-nats-exporter:0.1.0"},
		},
		{
			name:    "CNI",
			noImage: "there is no official image",
			downloads: []downloadCase{
				{
					old: githubURL + "containernetworking/plugins/releases/download/v0.5.2/cni-plugins-amd64-v0.5.2.tgz", since: "0.6.0",
					amd64: githubURL + "containernetworking/plugins/releases/download/v0.7.6/cni-plugins-amd64-v0.7.6.tgz",
					arm64: githubURL + "containernetworking/plugins/releases/download/v0.7.6/cni-plugins-arm64-v0.7.6.tgz", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "containernetworking/plugins/releases/download/v1.3.0/cni-plugins-linux-amd64-v1.3.0.tgz",
					arm64: githubURL + "containernetworking/plugins/releases/download/v1.3.0/cni-plugins-linux-arm64-v1.3.0.tgz", word: "arm64",
				},
			},
		},
		{
			name:    "CRI-O",
			noImage: "there is no official image",
			downloads: []downloadCase{
				{
					old: "https://storage.googleapis.com/k8s-conform-cri-o/artifacts/cri-o.amd64.v1.20.2.tar.gz", since: "1.20.3",
					amd64: "https://storage.googleapis.com/k8s-conform-cri-o/artifacts/cri-o.amd64.v1.21.0.tar.gz",
					arm64: "https://storage.googleapis.com/k8s-conform-cri-o/artifacts/cri-o.arm64.v1.21.0.tar.gz", word: "arm64",
				},
				{
					old:   "https://storage.googleapis.com/cri-o/artifacts/cri-o.amd64.v1.24.6.tar.gz", // lost for one release
					amd64: "https://storage.googleapis.com/cri-o/artifacts/cri-o.amd64.v1.29.1.tar.gz",
					arm64: "https://storage.googleapis.com/cri-o/artifacts/cri-o.arm64.v1.29.1.tar.gz", word: "arm64",
				},
			},
		},
		{
			name: "Trivy",
			images: []imageCase{{
				without: []string{"aquasec/trivy:0.16.0", "ghcr.io/aquasecurity/trivy:0.16.0", "docker.io/aquasec/trivy:0.9.2"}, since: "0.17.0",
				with: []string{"aquasec/trivy:0.17.0", "aquasec/trivy:latest", "ghcr.io/aquasecurity/trivy:0.48.0", "public.ecr.aws/aquasecurity/trivy:0.72.0"},
			}},
			downloads: []downloadCase{
				{
					noOld: alwaysHad,
					amd64: githubURL + "aquasecurity/trivy/releases/download/v0.48.0/trivy_0.48.0_Linux-64bit.tar.gz",
					arm64: githubURL + "aquasecurity/trivy/releases/download/v0.48.0/trivy_0.48.0_Linux-ARM64.tar.gz", word: "ARM64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "aquasecurity/trivy/releases/download/v0.48.0/trivy_0.48.0_Linux-64bit.deb",
					arm64: githubURL + "aquasecurity/trivy/releases/download/v0.48.0/trivy_0.48.0_Linux-ARM64.deb", word: "ARM64",
				},
			},
		},
		{
			name: "Argo",
			images: []imageCase{
				{
					without: []string{"quay.io/argoproj/argocd:v2.2.5", "argoproj/argocd:v1.8.7"}, since: "2.3.0",
					with: []string{"quay.io/argoproj/argocd:v2.3.0", "quay.io/argoproj/argocd:v2.9", "quay.io/argoproj/argocd:latest"},
				},
				{
					without: []string{"argoproj/argoexec:v2.10.2", "argoproj/workflow-controller:v2.10.2"}, since: "2.11.0",
					with: []string{"argoproj/argoexec:v2.11.0", "quay.io/argoproj/argoexec:v3.4.0", "quay.io/argoproj/argocli:latest"},
				},
				{without: []string{"argoproj/argo-rollouts:v0.10.2"}, since: "1.0.0", with: []string{"quay.io/argoproj/argo-rollouts:v1.0.0"}},
				{without: []string{"quay.io/argoproj/argo-events:v1.3.1"}, since: "1.4.0", with: []string{"quay.io/argoproj/argo-events:v1.4.0"}},
				{without: []string{"argoproj/sensor:v1.3.0"}, advice: "argo-events v1.4.0"},
			},
			downloads: []downloadCase{
				{
					old: githubURL + "argoproj/argo-cd/releases/download/v2.2.5/argocd-linux-amd64", since: "2.3.0",
					amd64: githubURL + "argoproj/argo-cd/releases/latest/download/argocd-linux-amd64",
					arm64: githubURL + "argoproj/argo-cd/releases/latest/download/argocd-linux-arm64", word: "arm64",
				},
				{
					old: githubURL + "argoproj/argo/releases/download/v2.6.4/argo-linux-amd64", since: "2.7.0",
					amd64: githubURL + "argoproj/argo/releases/download/v2.10.0/argo-linux-amd64.gz",
					arm64: githubURL + "argoproj/argo-workflows/releases/download/v3.4.0/argo-linux-arm64.gz", word: "arm64",
				},
			},
		},
		{
			name: "Cilium",
			images: []imageCase{
				{
					without: []string{"quay.io/cilium/cilium:v1.9.18", "cilium/cilium:v1.9", "quay.io/cilium/operator-generic:v1.9.5", "quay.io/cilium/hubble-relay:v1.9.5"},
					since:   "1.10.0", advice: "v1.10.0",
					with: []string{"quay.io/cilium/cilium:v1.10.0", "quay.io/cilium/cilium:v1.10", "docker.io/cilium/cilium:v1.14.1", "quay.io/cilium/cilium:latest"},
				},
				{without: []string{"quay.io/cilium/hubble-ui:v0.7.6"}, since: "0.7.7", with: []string{"quay.io/cilium/hubble-ui:v0.7.7", "quay.io/cilium/hubble-ui-backend:v0.13.0"}},
			},
			downloads: []downloadCase{{
				noOld: alwaysHad,
				amd64: githubURL + "cilium/cilium-cli/releases/latest/download/cilium-linux-amd64.tar.gz",
				arm64: githubURL + "cilium/cilium-cli/releases/download/v0.15.0/cilium-linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name:   "Tanka",
			images: []imageCase{{with: []string{"grafana/tanka:0.5.0", "grafana/tanka:0.25.0", "grafana/tanka:latest"}}}, // since the first
			downloads: []downloadCase{{
				noOld: alwaysHad,
				amd64: githubURL + "grafana/tanka/releases/download/v0.25.0/tk-linux-amd64",
				arm64: githubURL + "grafana/tanka/releases/latest/download/tk-linux-arm64", word: "arm64",
			}},
		},
		{
			name: "Consul",
			images: []imageCase{
				// 1.0.7 was current when the list gained arm64, and was then listed for one day without.
				{without: []string{"consul:1.0.6", "docker.io/library/consul:1.0.6"}, since: "1.0.8", advice: "hashicorp/consul", with: []string{"consul:1.0.8", "consul:1.15"}},
				{without: []string{"consul:0.9.3"}, since: "0.9.4", with: []string{"consul:0.9.4"}},
				{with: []string{"hashicorp/consul:1.16.0", "hashicorp/consul:1.18", "public.ecr.aws/hashicorp/consul:1.17.3", "hashicorp/consul:latest"}},
			},
			downloads: []downloadCase{{
				old: hashicorpURL + "consul/0.8.3/consul_0.8.3_linux_amd64.zip", since: "0.8.4",
				amd64: hashicorpURL + "consul/1.15.0/consul_1.15.0_linux_amd64.zip",
				arm64: hashicorpURL + "consul/1.15.0/consul_1.15.0_linux_arm64.zip", word: "arm64",
			}},
			unknown: []string{"hashicorp/consul:1.9.0", "hashicorp/consul:1.18.0-ubi"},
		},
		{
			name:   "Nomad",
			images: []imageCase{{without: []string{"hashicorp/nomad:1.5.0"}, since: "1.6.0", with: []string{"hashicorp/nomad:1.6.0", "hashicorp/nomad:1.8", "hashicorp/nomad:latest"}}},
			downloads: []downloadCase{{
				old: hashicorpURL + "nomad/0.5.4/nomad_0.5.4_linux_amd64.zip", since: "0.5.5",
				amd64: hashicorpURL + "nomad/1.6.0/nomad_1.6.0_linux_amd64.zip",
				arm64: hashicorpURL + "nomad/1.6.0/nomad_1.6.0_linux_arm64.zip", word: "arm64",
			}},
		},
		{
			name: "Packer",
			images: []imageCase{
				{
					without: []string{"hashicorp/packer:1.7.10", "hashicorp/packer:light-1.7.10"}, since: "1.8.0",
					with: []string{"hashicorp/packer:1.8.0", "hashicorp/packer:light", "hashicorp/packer:light-1.8.0", "hashicorp/packer:latest"},
				},
				{with: []string{"hashicorp/packer:full-1.9.3", "hashicorp/packer:full"}},
			},
			downloads: []downloadCase{{
				old: hashicorpURL + "packer/1.0.0/packer_1.0.0_linux_amd64.zip", since: "1.0.1",
				amd64: hashicorpURL + "packer/1.9.0/packer_1.9.0_linux_amd64.zip",
				arm64: hashicorpURL + "packer/1.9.0/packer_1.9.0_linux_arm64.zip", word: "arm64",
			}},
			unknown: []string{"hashicorp/packer:full-1.7.0"},
		},
		{
			name: "Vault",
			images: []imageCase{
				{without: []string{"vault:0.9.3", "docker.io/library/vault:0.9.3"}, since: "0.9.4", advice: "hashicorp/vault", with: []string{"vault:0.9.4", "vault:1.13.3"}},
				{
					without: []string{"hashicorp/vault:1.7.3"}, since: "1.8.0",
					with: []string{"hashicorp/vault:1.8.0", "hashicorp/vault:1.15.0", "public.ecr.aws/hashicorp/vault:1.16", "hashicorp/vault:latest"},
				},
				{without: []string{"hashicorp/vault-k8s:0.8.0"}, since: "0.9.0", with: []string{"hashicorp/vault-k8s:0.9.0"}},
				{without: []string{"hashicorp/vault-k8s:1.7.0-ubi"}, since: "1.7.1", with: []string{"hashicorp/vault-k8s:1.7.1-ubi"}},
			},
			downloads: []downloadCase{{
				noOld: "which version of 2017 was the first is not established",
				amd64: hashicorpURL + "vault/1.15.0/vault_1.15.0_linux_amd64.zip",
				arm64: hashicorpURL + "vault/0.9.4/vault_0.9.4_linux_arm64.zip", word: "arm64",
			}},
		},
		{
			name: "Flux",
			images: []imageCase{
				{without: []string{"fluxcd/flux:1.25.4", "weaveworks/flux:1.10.0"}, advice: "Flux v2"},
				{
					without: []string{"ghcr.io/fluxcd/source-controller:v0.5.6", "fluxcd/kustomize-controller:v0.5.3", "ghcr.io/fluxcd/notification-controller:v0.5.0"},
					since:   "0.6.0", advice: "v0.6.0",
					with: []string{"ghcr.io/fluxcd/source-controller:v0.6.0", "fluxcd/kustomize-controller:v0.6.0", "ghcr.io/fluxcd/notification-controller:v1.2.0"},
				},
				{without: []string{"ghcr.io/fluxcd/helm-controller:v0.4.4"}, since: "0.5.0", with: []string{"ghcr.io/fluxcd/helm-controller:v0.5.0"}},
				{without: []string{"ghcr.io/fluxcd/image-reflector-controller:v0.1.0"}, since: "0.2.0", with: []string{"ghcr.io/fluxcd/image-reflector-controller:v0.2.0"}},
				{without: []string{"ghcr.io/fluxcd/image-automation-controller:v0.2.0"}, since: "0.3.0", with: []string{"ghcr.io/fluxcd/image-automation-controller:v0.3.0"}},
				{with: []string{"ghcr.io/fluxcd/flux-cli:v0.12.0", "fluxcd/flux-cli:v2.2.0"}},
			},
			downloads: []downloadCase{
				{
					old: githubURL + "fluxcd/flux/releases/download/1.12.0/fluxctl_linux_amd64", since: "1.12.1",
					amd64: githubURL + "fluxcd/flux/releases/download/1.25.4/fluxctl_linux_amd64",
					arm64: githubURL + "fluxcd/flux/releases/download/1.25.4/fluxctl_linux_arm64", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "fluxcd/flux2/releases/download/v2.2.0/flux_2.2.0_linux_amd64.tar.gz",
					arm64: githubURL + "fluxcd/flux2/releases/download/v2.2.0/flux_2.2.0_linux_arm64.tar.gz", word: "arm64",
				},
			},
		},
		{
			name: "New Relic",
			images: []imageCase{
				{without: []string{"newrelic/infrastructure:1.15.2"}, since: "1.16.0", with: []string{"newrelic/infrastructure:1.16.0", "newrelic/infrastructure:latest"}},
				{
					without: []string{"newrelic/infrastructure-k8s:2.3.0"}, since: "2.4.0",
					with: []string{"newrelic/infrastructure-k8s:2.4.0", "newrelic/infrastructure-k8s:2.4.0-unprivileged", "newrelic/nri-kubernetes:3.0.0"},
				},
				{without: []string{"newrelic/infrastructure-bundle:2.4.0"}, since: "2.4.1", with: []string{"newrelic/infrastructure-bundle:2.4.1", "newrelic/infrastructure-bundle:3.2.1"}},
			},
			downloads: []downloadCase{{
				old: "https://download.newrelic.com/infrastructure_agent/binaries/linux/amd64/newrelic-infra_linux_1.17.1_amd64.tar.gz", since: "1.18.0",
				amd64: "https://download.newrelic.com/infrastructure_agent/binaries/linux/amd64/newrelic-infra_linux_1.48.0_amd64.tar.gz",
				arm64: "https://download.newrelic.com/infrastructure_agent/binaries/linux/arm64/newrelic-infra_linux_1.48.0_arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name:    "Datadog on EC2",
			noImage: "see Datadog in Docker",
			downloads: []downloadCase{{
				noOld: "which version of 2019 was the first is not established",
				amd64: "https://s3.amazonaws.com/apt.datadoghq.com/pool/d/da/datadog-agent_7.50.0-1_amd64.deb",
				arm64: "https://apt.datadoghq.com/pool/d/da/datadog-agent_6.17.0-1_arm64.deb", word: "arm64",
			}},
		},
		{
			name: "Datadog in Docker",
			images: []imageCase{
				{without: []string{"datadog/agent:7.16.1", "gcr.io/datadoghq/agent:7.16.1"}, since: "7.17.0", with: []string{
					"datadog/agent:7.17.0", "datadog/agent:7", "datadog/agent:latest", "datadog/agent:latest-jmx", "gcr.io/datadoghq/agent:7.40.0-jmx", "public.ecr.aws/datadog/agent:7.50.3",
				}},
				// A line of its own beside 7.
				{without: []string{"datadog/agent:6.16.1"}, since: "6.17.0", with: []string{"datadog/agent:6.17.0", "datadog/agent:6"}},
				{
					without: []string{"gcr.io/datadoghq/cluster-agent:1.10.0", "public.ecr.aws/datadog/cluster-agent:1.9.1"}, since: "1.11.0",
					with: []string{"datadog/cluster-agent:1.11.0", "gcr.io/datadoghq/cluster-agent:7.50.0"},
				},
				{without: []string{"datadog/docker-dd-agent:latest"}, advice: "datadog/agent"},
			},
			noDownload: "see Datadog on EC2",
			unknown:    []string{"datadog/dogstatsd:7.32.0"},
		},
		{
			name: "Dynatrace",
			images: []imageCase{{
				without: []string{"dynatrace/dynatrace-operator:v0.0.9"}, since: "0.1.0",
				with: []string{"dynatrace/dynatrace-operator:v0.1.0", "quay.io/dynatrace/dynatrace-operator:v0.9.1", "public.ecr.aws/dynatrace/dynatrace-operator:v1.0.0"},
			}},
			downloads: []downloadCase{{
				noOld: "the address has no version",
				amd64: "https://abc12345.live.dynatrace.com/api/v1/deployment/installer/agent/unix/default/latest?arch=x86&flavor=default",
				arm64: "https://abc12345.live.dynatrace.com/api/v1/deployment/installer/agent/unix/default/latest?Api-Token=dt0c01.X&arch=arm&flavor=default", word: "arm",
			}},
			unknown: []string{"dynatrace/oneagent:1.200", "public.ecr.aws/dynatrace/dynatrace-activegate:1.200"},
		},
		{
			name: "Grafana",
			images: []imageCase{
				{
					without: []string{"grafana/grafana:5.4.2", "docker.io/grafana/grafana:5.1.0"}, since: "5.4.3", advice: "5.4.3",
					with: []string{"grafana/grafana:5.4.3", "grafana/grafana:9.5.1-ubuntu", "grafana/grafana", "grafana/grafana-oss:8.0.0", "grafana/grafana-enterprise:10.2.0", "grafana/grafana:6.5.0"},
				},
				{without: []string{"grafana/grafana:6.4.0", "grafana/grafana:6.4.3"}, advice: "6.4.x"}, // they do not start
			},
			downloads: []downloadCase{
				{
					old: "https://s3-us-west-2.amazonaws.com/grafana-releases/release/grafana_5.1.4_amd64.deb", since: "5.2.0",
					amd64: "https://dl.grafana.com/oss/release/grafana_9.0.0_amd64.deb",
					arm64: "https://dl.grafana.com/oss/release/grafana_9.0.0_arm64.deb", word: "arm64",
				},
				{
					noOld: "older tar files have another name, linux-x64",
					amd64: "https://dl.grafana.com/oss/release/grafana-9.0.0.linux-amd64.tar.gz",
					arm64: "https://dl.grafana.com/oss/release/grafana-9.0.0.linux-arm64.tar.gz", word: "arm64",
				},
			},
			unknown: []string{"grafana/grafana:main"},
		},
		{
			name: "Loki",
			images: []imageCase{{
				without: []string{"grafana/loki:v0.3.0", "grafana/promtail:v0.3.0"}, since: "0.4.0",
				with: []string{"grafana/loki:v0.4.0", "grafana/loki:2.9.0", "grafana/promtail:latest", "docker.io/grafana/promtail:2.9.4"},
			}},
			downloads: []downloadCase{
				{
					noOld: alwaysHad,
					amd64: githubURL + "grafana/loki/releases/download/v2.9.0/loki-linux-amd64.zip",
					arm64: githubURL + "grafana/loki/releases/download/v1.1.0/promtail-linux-arm64.zip", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "grafana/loki/releases/download/v0.3.0/promtail_linux_amd64.gz",
					arm64: githubURL + "grafana/loki/releases/download/v0.2.0/loki_linux_arm64.gz", word: "arm64",
				},
			},
		},
		{
			name: "kube-bench",
			images: []imageCase{{
				without: []string{"aquasec/kube-bench:0.6.5", "docker.io/aquasec/kube-bench:v0.6.5"}, since: "0.6.6", advice: "0.6.6",
				with: []string{"aquasec/kube-bench:v0.6.6", "aquasec/kube-bench:0.6.6", "aquasec/kube-bench:latest", "public.ecr.aws/aquasecurity/kube-bench:v0.7.0"},
			}},
			downloads: []downloadCase{{
				old: githubURL + "aquasecurity/kube-bench/releases/download/v0.3.0/kube-bench_0.3.0_linux_amd64.tar.gz", since: "0.3.1",
				amd64: githubURL + "aquasecurity/kube-bench/releases/download/v0.6.6/kube-bench_0.6.6_linux_amd64.tar.gz",
				arm64: githubURL + "aquasecurity/kube-bench/releases/download/v0.6.6/kube-bench_0.6.6_linux_arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name: "metrics-server",
			images: []imageCase{
				{
					without: []string{"k8s.gcr.io/metrics-server/metrics-server:v0.3.6"}, since: "0.3.7", advice: "registry.k8s.io",
					with: []string{"k8s.gcr.io/metrics-server/metrics-server:v0.3.7", "registry.k8s.io/metrics-server/metrics-server:v0.6.3"},
				},
				{without: []string{"k8s.gcr.io/metrics-server-amd64:v0.3.6", "gcr.io/google_containers/metrics-server-amd64:v0.2.1"}, advice: "registry.k8s.io/metrics-server/metrics-server v0.3.7"},
			},
			downloads: []downloadCase{{
				old: githubURL + "kubernetes-sigs/metrics-server/releases/download/v0.6.4/metrics-server-linux-amd64", since: "0.7.0",
				amd64: githubURL + "kubernetes-sigs/metrics-server/releases/download/v0.7.0/metrics-server-linux-amd64",
				arm64: githubURL + "kubernetes-sigs/metrics-server/releases/download/v0.7.0/metrics-server-linux-arm64", word: "arm64",
			}},
		},
		{
			name:    "AWS Copilot",
			noImage: "there is no image",
			downloads: []downloadCase{
				{
					old: githubURL + "aws/copilot-cli/releases/download/v0.2.0/copilot-linux-v0.2.0", since: "0.3.0",
					amd64: githubURL + "aws/copilot-cli/releases/download/v0.3.0/copilot-linux-amd64-v0.3.0",
					arm64: githubURL + "aws/copilot-cli/releases/download/v0.3.0/copilot-linux-arm64-v0.3.0", word: "arm64",
				},
				{
					noOld: alwaysHad,
					amd64: githubURL + "aws/copilot-cli/releases/latest/download/copilot-linux",
					arm64: githubURL + "aws/copilot-cli/releases/latest/download/copilot-linux-arm64", word: "-arm64",
				},
			},
		},
		{
			name:    "ecs-cli",
			noImage: "there is no image",
			downloads: []downloadCase{{
				old: "https://amazon-ecs-cli.s3.amazonaws.com/ecs-cli-linux-amd64-v1.19.1", since: "1.20.0",
				amd64: "https://amazon-ecs-cli.s3.amazonaws.com/ecs-cli-linux-amd64-latest",
				arm64: "https://s3.amazonaws.com/amazon-ecs-cli/ecs-cli-linux-arm64-latest", word: "arm64",
			}},
		},
		{
			name:   "EC2 Instance Selector",
			images: []imageCase{{with: []string{"amazon/amazon-ec2-instance-selector:v2.3.0", "amazon/amazon-ec2-instance-selector:latest"}}}, // since the first
			downloads: []downloadCase{{
				noOld: alwaysHad,
				amd64: githubURL + "aws/amazon-ec2-instance-selector/releases/download/v1.0.0/ec2-instance-selector-linux-amd64",
				arm64: githubURL + "aws/amazon-ec2-instance-selector/releases/download/v2.4.1/ec2-instance-selector-linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name: "Node Termination Handler",
			images: []imageCase{{
				without: []string{"amazon/aws-node-termination-handler:v1.3.0"}, since: "1.3.1", advice: "v1.3.1",
				with: []string{"amazon/aws-node-termination-handler:v1.3.1", "public.ecr.aws/aws-ec2/aws-node-termination-handler:v1.19.0"},
			}},
			downloads: []downloadCase{{
				old: githubURL + "aws/aws-node-termination-handler/releases/download/v1.1.0/node-termination-handler-linux-amd64", since: "1.2.0",
				amd64: githubURL + "aws/aws-node-termination-handler/releases/download/v1.19.0/node-termination-handler-linux-amd64.tar.gz",
				arm64: githubURL + "aws/aws-node-termination-handler/releases/download/v1.19.0/node-termination-handler-linux-arm64.tar.gz", word: "arm64",
			}},
		},
		{
			name: "IAM Authenticator",
			images: []imageCase{
				{
					without: []string{
						"602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-iam-authenticator:v0.5.3",
						"602401143452.dkr.ecr.eu-central-1.amazonaws.com/amazon/aws-iam-authenticator:v0.5.3-alpine",
						"602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-iam-authenticator:v0.4.0-debian-stretch",
					},
					since: "0.5.4", advice: "v0.5.4",
					with: []string{"602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-iam-authenticator:v0.5.4"},
				},
				{without: []string{"gcr.io/heptio-images/authenticator:v0.3.0"}, advice: "aws-iam-authenticator v0.5.4"},
			},
			downloads: []downloadCase{
				{
					old: githubURL + "kubernetes-sigs/aws-iam-authenticator/releases/download/v0.5.3/aws-iam-authenticator_0.5.3_linux_amd64", since: "0.5.5",
					amd64: githubURL + "kubernetes-sigs/aws-iam-authenticator/releases/download/v0.6.0/aws-iam-authenticator_0.6.0_linux_amd64",
					arm64: githubURL + "kubernetes-sigs/aws-iam-authenticator/releases/download/v0.6.0/aws-iam-authenticator_0.6.0_linux_arm64", word: "arm64",
				},
			},
		},
		{
			name: "AWS Load Balancer Controller and ALB Ingress Controller",
			images: []imageCase{
				{
					without: []string{"docker.io/amazon/aws-alb-ingress-controller:v1.1.8"}, since: "1.1.9", advice: "v2",
					with: []string{"amazon/aws-alb-ingress-controller:v1.1.9", "amazon/aws-alb-ingress-controller:v2.0.0"},
				},
				{without: []string{"894847497797.dkr.ecr.us-west-2.amazonaws.com/aws-alb-ingress-controller:v1.0.1"}, advice: "aws-load-balancer-controller"},
				{with: []string{
					"602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-load-balancer-controller:v2.4.1",
					"602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon/aws-load-balancer-controller:v2.0.0",
					"public.ecr.aws/eks/aws-load-balancer-controller:v2.7.0",
				}},
			},
			noDownload: "a controller, which is only published as an image",
		},
		{
			name: "EFS CSI driver",
			images: []imageCase{{
				without: []string{"amazon/aws-efs-csi-driver:v1.0.0", "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/aws-efs-csi-driver:v1.0.0"}, since: "1.1.0", advice: "v1.1.0",
				with: []string{"amazon/aws-efs-csi-driver:v1.1.0", "public.ecr.aws/efs-csi-driver/amazon/aws-efs-csi-driver:v1.7.0", "amazon/aws-efs-csi-driver:latest"},
			}},
			noDownload: "a driver, which is only published as an image",
		},
		{
			name: "EBS CSI driver",
			images: []imageCase{{
				without: []string{
					"amazon/aws-ebs-csi-driver:v0.6.0", "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/aws-ebs-csi-driver:v0.6.0",
					"602401143452.dkr.ecr.ap-south-1.amazonaws.com/eks/aws-ebs-csi-driver:v0.6.0",
				},
				since: "0.7.0", advice: "v0.7.0",
				with: []string{
					"amazon/aws-ebs-csi-driver:v0.7.0", "amazon/aws-ebs-csi-driver:latest", "k8s.gcr.io/provider-aws/aws-ebs-csi-driver:v0.8.0",
					"public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.19.0",
				},
			}},
			noDownload: "a driver, which is only published as an image",
		},
		{
			name:       "Inspector agent",
			noImage:    "there is no image",
			noDownload: "it is installed by one script for all, and which version of the agent first ran on arm64 is not established",
			unknown:    []string{"https://inspector-agent.amazonaws.com/linux/latest/install"},
		},
		{
			name: "CloudWatch agent",
			images: []imageCase{{
				without: []string{"amazon/cloudwatch-agent:1.247346.1b249759"}, since: "1.247347.3",
				with: []string{
					"amazon/cloudwatch-agent:1.247347.3b250378", "amazon/cloudwatch-agent:latest", "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.247350.0b251780",
					"amazon/cloudwatch-agent:1.300026.0b303",
				},
			}},
			downloads: []downloadCase{
				{
					noOld: "addresses with a version are rare; 1.207573.0 was the first with arm64",
					amd64: "https://s3.amazonaws.com/amazoncloudwatch-agent/ubuntu/amd64/latest/amazon-cloudwatch-agent.deb",
					arm64: "https://s3.us-east-1.amazonaws.com/amazoncloudwatch-agent-us-east-1/amazon_linux/arm64/latest/amazon-cloudwatch-agent.rpm", word: "arm64",
				},
			},
		},
		{
			name:    "SSM agent",
			noImage: "the image of the public registry is not documented for any architecture",
			downloads: []downloadCase{
				{
					old: "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/2.3.235.0/linux_amd64/amazon-ssm-agent.rpm", since: "2.3.274.0",
					amd64: "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/linux_amd64/amazon-ssm-agent.rpm",
					arm64: "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/latest/linux_arm64/amazon-ssm-agent.rpm", word: "arm64",
				},
				{
					old: "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/2.3.930.0/debian_amd64/amazon-ssm-agent.deb", since: "2.3.978.0",
					amd64: "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/latest/debian_amd64/amazon-ssm-agent.deb",
					arm64: "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/debian_arm64/amazon-ssm-agent.deb", word: "arm64",
				},
			},
			unknown: []string{"public.ecr.aws/amazon-ssm-agent/amazon-ssm-agent:3.0.1390.0"},
		},
		{
			name:   "AWS CLI",
			images: []imageCase{{without: []string{"mesosphere/aws-cli:1.14.5"}, advice: "amazon/aws-cli"}},
			downloads: []downloadCase{{
				noOld: "which version of 2020 was the first is not established",
				amd64: "https://awscli.amazonaws.com/awscli-exe-linux-x86_64-2.15.0.zip",
				arm64: "https://awscli.amazonaws.com/awscli-exe-linux-aarch64.zip", word: "aarch64",
			}},
			unknown: []string{"amazon/aws-cli:2.0.6", "amazon/aws-cli:2.15.0", "public.ecr.aws/aws-cli/aws-cli:latest"},
		},
	} {
		t.Run(system.name, func(t *testing.T) {
			if len(system.images) == 0 && system.noImage == "" || len(system.downloads) == 0 && system.noDownload == "" {
				t.Error("an image and a download, or why there is none")
			}
			for _, test := range system.images {
				checkImages(t, c, test)
			}
			for _, test := range system.downloads {
				checkDownloads(t, c, test)
			}
			for _, what := range system.unknown {
				if strings.HasPrefix(what, "https://") {
					if got, ok := c.Download(what); ok && got.ARM64 != Unknown {
						t.Errorf("%s: is known: %+v", what, got)
					}
				} else if got, ok := c.Image(what); ok {
					t.Errorf("%s: is known: %+v", what, got)
				}
			}
		})
	}
}

func checkImages(t *testing.T, c *Catalog, test imageCase) {
	t.Helper()
	ask := func(reference string) (Image, bool) {
		got, ok := c.Image(reference)
		if !ok {
			t.Errorf("%s: not known", reference)
			return got, false
		}
		if got.AsOf.IsZero() || got.Source == "" || got.Confidence == "" || got.Confidence == Low {
			t.Errorf("%s: no provenance: %+v", reference, got)
		}
		if !got.Platforms.Has(arch.LinuxAMD64) {
			t.Errorf("%s: no linux/amd64: %v", reference, got.Platforms)
		}
		return got, true
	}
	for _, reference := range test.without {
		got, ok := ask(reference)
		if !ok {
			continue
		}
		if got.Platforms.Has(arch.LinuxARM64) {
			t.Errorf("%s: has linux/arm64", reference)
		}
		// A tag of another flavour is named in full: v1.4.3-alpine.
		if since := strings.TrimPrefix(got.Since["linux/arm64"], "v"); since != test.since && !strings.HasPrefix(since, test.since+"-") {
			t.Errorf("%s: since %q, want %q", reference, since, test.since)
		}
		if !strings.Contains(got.Advice, test.advice) || test.since == "" && got.Advice == "" {
			t.Errorf("%s: advice %q, want %q in it", reference, got.Advice, test.advice)
		}
	}
	for _, reference := range test.with {
		if got, ok := ask(reference); ok && !got.Platforms.Has(arch.LinuxARM64) {
			t.Errorf("%s: no linux/arm64", reference)
		}
	}
}

func checkDownloads(t *testing.T, c *Catalog, test downloadCase) {
	t.Helper()
	ask := func(url, architecture string) Download {
		got, ok := c.Download(url)
		if !ok {
			t.Errorf("%s: not known", url)
		} else if got.Architecture != architecture || got.Tool == "" || got.Source == "" || got.AsOf.IsZero() || got.Confidence == Low {
			t.Errorf("%s: want the file for %s and where that is from, got %+v", url, architecture, got)
		}
		return got
	}
	switch {
	case test.old == "" && test.noOld == "":
		t.Error("an old file, or why there is none")
	case test.old != "":
		if got := ask(test.old, "amd64"); got.ARM64 != No || got.BeforeARM64 != (test.since != "") || test.since != "" && got.Since != test.since {
			t.Errorf("%s: arm64 %v, since %q (before: %v), want no, since %q", test.old, got.ARM64, got.Since, got.BeforeARM64, test.since)
		}
	}
	if got := ask(test.amd64, "amd64"); got.ARM64 != Yes || got.ARM64Word != test.word || got.ARM64URL == "" {
		t.Errorf("%s: arm64 %v as %q in %q, want yes as %q", test.amd64, got.ARM64, got.ARM64Word, got.ARM64URL, test.word)
	}
	if got := ask(test.arm64, "arm64"); got.ARM64 != Yes {
		t.Errorf("%s: arm64 %v, want yes", test.arm64, got.ARM64)
	}
}
