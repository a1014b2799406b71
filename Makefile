# make test is all that a change needs before it is sent; .ci/run is what CI runs.
# Tools are kept outside of the repository, each in a directory of its version.

GO      ?= go
TOOLS   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/archlint-ci
VERSION ?= dev

# How long each fuzz test runs, and on how many processors.
FUZZTIME     ?= 30s
FUZZPARALLEL ?= 2

ACT         := $(TOOLS)/act@v0.2.89/act
GOFUMPT     := $(TOOLS)/gofumpt@v0.12.0/gofumpt
STATICCHECK := $(TOOLS)/staticcheck@v0.8.2/staticcheck

CROSS := $(addprefix cross/,linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)

# What Go builds for by itself.
HOST = $(shell $(GO) env GOHOSTOS)/$(shell $(GO) env GOHOSTARCH)

# The files of the repository, without what other tools left in the tree.
GOFILES = $(wildcard $(shell git ls-files --cached --others --exclude-standard -- '*.go' ':!:**/testdata/**'))

.PHONY: build
build: ## Build bin/archlint
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/archlint

.PHONY: test
test: ## Run the tests; needs nothing but Go
	$(GO) test ./...

# The detector needs cgo. Packages that start no goroutines have nothing to be
# detected and are left out, as are the tests of bounds, which would be slow.
.PHONY: race
race: ## Run the tests of what is concurrent with the race detector; needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -skip TestBeyondABoundThereIsAProblem ./lint ./lint/discover ./lint/graph ./lint/image/... ./lint/git ./lint/render ./cmd/archlint

# go test takes one fuzz test of one package at a time.
.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME, which is 30s, or a number of inputs as in 300x
	@git grep -E '^func Fuzz' -- '*_test.go' | sed -E 's/^(.*)\/[^/]*:func (Fuzz[A-Za-z0-9]*).*/\1 \2/' | sort | while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test "./$$package" -vet=off -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -parallel $(FUZZPARALLEL) || exit 1; \
	done

.PHONY: e2e
e2e: $(ACT) ## Run the end-to-end tests with pre-commit, act, a registry, a builder and the toolkit of actions
	@for program in pre-commit docker-registry htpasswd buildah qemu-aarch64-static busybox node npm; do command -v $$program >/dev/null || { echo "make e2e needs $$program: apt-get install pre-commit docker-registry apache2-utils buildah qemu-user-static busybox-static nodejs npm" >&2; exit 1; }; done
	ARCHLINT_E2E=1 PATH="$(dir $(ACT)):$$PATH" $(GO) test -count=1 ./internal/e2e

.PHONY: lint
lint: $(GOFUMPT) $(STATICCHECK) ## Check the code: go vet, staticcheck, formatting, shell scripts
	$(GO) vet ./...
	$(STATICCHECK) ./...
	@unformatted=$$($(GOFUMPT) -l $(GOFILES)); test -z "$$unformatted" || { printf 'not formatted, run make fmt:\n%s\n' "$$unformatted" >&2; exit 1; }
	@command -v shellcheck >/dev/null || { echo 'make lint needs shellcheck: apt-get install shellcheck' >&2; exit 1; }
	shellcheck .ci/run action/run.sh

.PHONY: fmt
fmt: $(GOFUMPT) ## Format the code
	$(GOFUMPT) -w $(GOFILES)

.PHONY: generate
generate: ## Write generated files anew
	$(GO) generate ./...

.PHONY: cross
cross: $(CROSS) ## Build for all platforms of a release

# Whether it builds is all that is asked. For other platforms, where nothing is in
# the build cache, it is asked without optimisation, which takes two thirds of the time.
.PHONY: $(CROSS)
$(CROSS): cross/%:
	CGO_ENABLED=0 GOOS=$(word 1,$(subst /, ,$*)) GOARCH=$(word 2,$(subst /, ,$*)) \
		$(GO) build -buildvcs=false $(if $(filter $(HOST),$*),,-gcflags='all=-N -l') -o /dev/null ./cmd/archlint

.PHONY: bench
bench: ## Run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: demo
demo: ## Show what archlint finds in an example
	$(GO) run -C testdata/demo ../../cmd/archlint --offline --fail-on never

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

# The name of the directory is the last part of the module's path and the version.
$(ACT):
	GOBIN=$(@D) $(GO) install github.com/nektos/$(notdir $(@D))

$(GOFUMPT):
	GOBIN=$(@D) $(GO) install mvdan.cc/$(notdir $(@D))

$(STATICCHECK):
	GOBIN=$(@D) $(GO) install honnef.co/go/tools/cmd/$(notdir $(@D))
