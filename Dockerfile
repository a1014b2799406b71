# syntax=docker/dockerfile:1

# Go builds for any platform on the machine's own: no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
WORKDIR /src
RUN --mount=type=bind,source=go.mod,target=/src/go.mod \
    --mount=type=bind,source=go.sum,target=/src/go.sum \
    --mount=type=cache,target=/go/pkg/mod \
    go mod download
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=bind,target=/src \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$VERSION" -o /out/archlint ./cmd/archlint

FROM scratch
# Registries are asked over TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/archlint /usr/local/bin/archlint
USER 65532:65532
# docker run --rm --volume "$PWD:/repo:ro" IMAGE
WORKDIR /repo
ENTRYPOINT ["/usr/local/bin/archlint"]
