# Parley's targets: what CI calls, and no more.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod
FUZZ    ?= 20s
SOAK    ?= 2m
CUT     ?= 3m

# What the checks need besides Go, Node and Debian's base: program:package.
NEEDS := git:git curl:curl chromium:chromium xfs_io:xfsprogs mkfs.ext4:e2fsprogs losetup:util-linux strace:strace tmux:tmux systemd-analyze:systemd

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

# What the pages are made of: they are built again when some of it is younger.
PAGES := $(shell find web/src web/public web/build sdk/client/src sdk/react/src -type f 2>/dev/null) \
         $(wildcard web/*.html web/*.ts web/*.json)

.PHONY: build
build: web/dist/app/index.html ## Build bin/parley, static, with its pages
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/parley ./cmd/parley

web/dist/app/index.html: web/node_modules/.package-lock.json $(PAGES)
	cd web && npm run build
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

.PHONY: run
run: build ## Build, and serve on this machine: anybody is whom they say
	bin/parley serve --dev --data data-dev

.PHONY: test
test: needs build lint unit web page sdk examples ## Every check; installs what it lacks

.PHONY: needs
needs:
	@missing=""; \
	for need in $(NEEDS); do \
		PATH="$$PATH:/usr/sbin:/sbin" command -v "$${need%%:*}" >/dev/null || missing="$$missing $${need##*:}"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	echo "installing:$$missing"; \
	as=""; [ "$$(id -u)" = 0 ] || as=sudo; \
	$$as apt-get update -qq; \
	DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$missing

.PHONY: unit
unit:
	go test -race -timeout 15m $$(go list ./... | grep -v /faults$$)
	go test -race -timeout 15m ./faults # by itself: some of its bounds are in seconds

.PHONY: page
page: build packages
	cd e2e && npm ci --no-audit --no-fund && npm test

.PHONY: web
web: build ## The pages: types, format, size of the first load, tests
	cd web && npm run check && npm run size && npm test

.PHONY: sdk
sdk: build packages ## The TypeScript packages: types, format, build, size, tests against the server
	cd sdk && npm run check && npm test

.PHONY: packages
packages:
	cd sdk && npm ci --no-audit --no-fund && npm run build

.PHONY: examples
examples: build ## The examples: types, format, pages, each run against the server
	cd examples && npm ci --no-audit --no-fund && npm run check && npm test

.PHONY: lint
lint: ## golangci-lint (go vet is in it) and gofumpt, as pinned in tools/go.mod
	@# Compiled as build does it, so that nothing is compiled twice.
	CGO_ENABLED=0 GOFLAGS=-trimpath $(TOOL) golangci-lint run --allow-parallel-runners ./...

.PHONY: format
format: ## Format every Go file
	$(TOOL) gofumpt -w .

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZ=20s
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | sed 's/func //' | while read -r target; do \
			echo "$$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x "$$dir" </dev/null; \
		done; \
	done

.PHONY: soak
soak: ## Load for SOAK=2m: memory, goroutines and descriptors must stay flat; then all doors, cut at random for CUT=3m
	PARLEY_SOAK=$(SOAK) go test -tags soak -run Soak -timeout 0 ./faults
	PARLEY_CUT=$(CUT) go test -v -run TestDoors_CutAtRandom -timeout 0 ./faults

.PHONY: bench
bench: build ## Measure this server beside the two floors
	bin/parley bench pairs fanout --a parley --b floor
	bin/parley bench pairs rooms --a parley --b floor-sync
	bin/parley bench pairs storm --a parley --b floor
