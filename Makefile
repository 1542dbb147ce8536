# authctl: what a developer and the CI type. `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# A tree without .git (a tarball) builds as "dev"; stamping by the go command is off because it fails where git
# distrusts the owner of the folder.
VERSION  ?= $(shell test -e .git && git describe --tags --always --dirty 2>/dev/null || echo dev)
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
GO       ?= go
GO_BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
MAX_BYTES := 15728640
FUZZTIME ?= 20s

# Tools are built once for each version and kept outside the tree.
TOOLS    ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/authctl-tools
LINT_VERSION := $(shell sed -n 's|.*golangci-lint/v2 \(v[0-9.]*\).*|\1|p' internal/tools/go.mod)
LINT     := $(TOOLS)/golangci-lint-$(LINT_VERSION)-$(shell $(GO) env GOVERSION)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/authctl for this machine
	@mkdir -p bin
	$(GO_BUILD) -o bin/linked ./cmd/authctl
	@# The linker writes by a memory map, which caches the file in single pages: a copy in one piece starts a fifth faster.
	@dd if=bin/linked of=bin/copied bs=67108864 2>/dev/null && chmod 755 bin/copied && rm -f bin/linked && \
		mv -f bin/copied bin/authctl$(shell $(GO) env GOEXE)

.PHONY: demo
demo: build ## show each provider in the local sandbox: token, cached token, call
	@sh internal/integration/demo.sh bin/authctl

.PHONY: test
test: ## run everything that can run; SETUP=1 installs what the real-server suites need
	$(GO) test ./...
	@sh internal/integration/run.sh

.PHONY: test-short
test-short: ## run the quick tests
	$(GO) test -short ./...

.PHONY: test-race
test-race: ## run the tests under the race detector, in random order
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -count=1 ./...

.PHONY: test-idp
test-idp: ## run only the suites against real servers
	@sh internal/integration/run.sh

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (20s)
	@FUZZTIME=$(FUZZTIME) sh internal/integration/fuzz.sh

.PHONY: lint
lint: $(LINT) ## run golangci-lint with .golangci.yml
	@if [ -x $(LINT) ]; then $(LINT) config verify && $(LINT) run ./...; fi

# Offline, the linter cannot be fetched: that is said, and the other checks go on. A linter that was fetched and does
# not build is a failure.
$(LINT):
	@mkdir -p $(TOOLS)
	@if (cd internal/tools && $(GO) mod download); then \
		echo "building golangci-lint $(LINT_VERSION) (minutes, once)"; \
		cd internal/tools && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" \
			-o $(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint; \
	else \
		echo "********************************************************************"; \
		echo "* NOT LINTED: golangci-lint $(LINT_VERSION) could not be downloaded."; \
		echo "* With a network: make lint"; \
		echo "********************************************************************"; \
	fi

.PHONY: check
check: check-format check-modules vet lint test-short cross check-docs check-size ## every gate but the long tests

.PHONY: check-format
check-format:
	@out=$$(gofmt -l -s cmd internal); [ -z "$$out" ] || { echo "not gofmt-ed (gofmt -s -w):"; echo "$$out"; exit 1; }

.PHONY: check-modules
check-modules:
	$(GO) mod tidy -diff
	$(GO) mod verify

.PHONY: vet
vet:
	$(GO) vet ./...
	$(GO) vet -tags integration ./...

.PHONY: cross
cross: ## compile for linux, darwin and windows on amd64 and arm64
	@set -e; mkdir -p dist; for p in $(PLATFORMS); do \
		os=$${p%/*} arch=$${p#*/} exe=; [ $$os != windows ] || exe=.exe; echo "build $$p"; \
		GOOS=$$os GOARCH=$$arch $(GO_BUILD) -o dist/authctl-$$os-$$arch$$exe ./cmd/authctl; \
	done
	@set -e; for os in darwin windows; do echo "vet $$os"; GOOS=$$os CGO_ENABLED=0 $(GO) vet ./...; done

.PHONY: check-size
check-size: build
	@size=$$(wc -c < bin/authctl); echo "bin/authctl: $$size bytes (at most $(MAX_BYTES))"; [ $$size -le $(MAX_BYTES) ]

.PHONY: docs
docs: ## write the man pages from the command tree
	@rm -f docs/man/*.1
	$(GO) run ./internal/docgen docs/man

.PHONY: check-docs
check-docs:
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(GO) run ./internal/docgen "$$dir" && \
		diff -ru docs/man "$$dir" || { echo "the man pages are old: make docs"; exit 1; }

.PHONY: bench
bench: build ## measure start-up, cached tokens, calls and transfers against their peers
	@mkdir -p bin && $(GO) build -o bin/bench ./internal/integration/bench && bin/bench bin/authctl

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
