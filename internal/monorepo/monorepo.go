// Package monorepo makes up large repositories for tests and benchmarks.
package monorepo

import (
	"fmt"

	"github.com/archlint/archlint/lint/facts"
)

// File is a file of a repository.
type File struct {
	Path string
	Kind facts.Kind
	Text string
}

// Files returns the files of n services: each has a Dockerfile, a compose file, a
// workflow that builds it, and a template of its chart. No two files are the same.
func Files(n int) []File {
	var files []File
	for i := range n {
		dir := fmt.Sprintf("services/s%04d", i)
		files = append(
			files,
			File{dir + "/Dockerfile", facts.Dockerfile, fmt.Sprintf(`FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /out/app ./cmd/s%d
FROM debian:bookworm-slim
ARG TARGETARCH
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*
RUN case "$(uname -m)" in x86_64) A=amd64 ;; aarch64) A=arm64 ;; *) exit 1 ;; esac \
 && curl -fsSLo /usr/local/bin/kubectl "https://dl.k8s.io/release/v1.31.%d/bin/linux/${A}/kubectl"
RUN curl -fsSL https://releases.hashicorp.com/terraform/1.9.8/terraform_1.9.8_linux_amd64.zip -o /tmp/t.zip
COPY --from=build /out/app /app
ENTRYPOINT ["/app"]
`, i, i%10)},
			File{dir + "/compose.yaml", facts.Compose, fmt.Sprintf("services:\n  app:\n    build: .\n  db:\n    image: mysql:5.%d\n  cache:\n    image: redis:7.%d\n  # service %d\n", 6+i%2, i%5, i)},
			File{fmt.Sprintf(".github/workflows/s%04d.yml", i), facts.Workflow, fmt.Sprintf(`on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix: {version: [1, 2, 3]}
    steps:
      - uses: actions/checkout@v4
      - run: |
          docker build -t test-%[2]d:${{ matrix.version }} %[1]s
          docker run --rm test-%[2]d:${{ matrix.version }} | tee out.txt
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-buildx-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: %[1]s
          push: true
          tags: ghcr.io/example/s%[2]d:latest
`, dir, i)},
			File{fmt.Sprintf("charts/s%04d/templates/deployment.yaml", i), facts.Kubernetes, fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-s%d
  {{- with .Values.labels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: app
          image: mysql:5.%d
      nodeSelector:
        kubernetes.io/os: linux
`, i, 6+i%2)},
		)
	}
	return files
}
