# SPDX-License-Identifier: Apache-2.0
#
# The front door. Meson and Ninja do the building; this file says what to do with them.
# Targets fetch what they need: there is no configure step and nothing to install by hand.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DELETE_ON_ERROR:

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD ?= debug
FUZZ_SECONDS ?= 30
FUZZ_SEED ?= 0
FUZZ_RUNS ?= -1
ARGS ?=

export JOBS FUZZ_SEED FUZZ_RUNS

DEBUG := build-debug
RELEASE := build-release
FUZZ := build-fuzz
COVER := build-cover

NINJA := ninja -j $(JOBS)
# Meson's own chatter goes to its log; what it says is shown when it fails.
SETUP_QUIET = >$@.log 2>&1 || { cat $@.log; rm -f $@.log; exit 1; }; rm -f $@.log

.PHONY: help
help: ## print this list
	@echo 'usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## build, then start the agent (ARGS="--kinds exec" is passed on)
	@if [ "$$(id -u)" -eq 0 ]; then \
		exec $(RELEASE)/ringside run $(ARGS); \
	elif command -v sudo >/dev/null; then \
		exec sudo $(RELEASE)/ringside run $(ARGS); \
	else \
		echo 'make run: the agent loads eBPF programs, which takes root, and there is no sudo.'; \
		echo '          As root, run: $(CURDIR)/$(RELEASE)/ringside run $(ARGS)'; \
		exit 1; \
	fi

.PHONY: build
build: need-check $(DEBUG)/build.ninja ## debug build with ASan and UBSan, in build-debug/
	@$(NINJA) -C $(DEBUG)

.PHONY: check
check: build ## format, lint, floors, unit and golden tests; needs no root
	@scripts/check.sh $(DEBUG)

.PHONY: check-kernel
check-kernel: need-check $(if $(filter release,$(BUILD)),$(RELEASE)/tests.enabled,$(DEBUG)/build.ninja) ## tests on this machine's kernel; needs root (BUILD=release for the release build)
	@if [ "$$(id -u)" -ne 0 ]; then \
		echo 'make check-kernel: loads eBPF programs, which takes root: sudo make check-kernel'; \
		exit 1; \
	fi
	@scripts/check-kernel.sh build-$(BUILD)

.PHONY: build-vm
build-vm: release $(RELEASE)/tests.enabled
	@$(NINJA) -C $(RELEASE) ringside $$(scripts/list-sources.sh . | grep -q '^kernel ' && echo kernel-tests)

.PHONY: check-vm
check-vm: build-vm ## the release build's tests in virtual machines: kernels 5.10, 6.1, 6.12, 7.2
	@scripts/setup vm
	@scripts/vm/run.sh --bin $(RELEASE) $(ARGS) || [ $$? -eq 77 ]

.PHONY: bench
bench: release ## measure, in build-release/: what docs/benchmarks.md records
	@scripts/setup bench
	@$(MAKE) $(RELEASE)/tests.enabled
	@if [ ! -x bench/run.sh ]; then echo 'make bench: there is no bench/run.sh'; exit 1; fi
	@$(NINJA) -C $(RELEASE) $$(scripts/list-sources.sh . | grep -q '^bench ' && echo bench-programs)
	@bench/run.sh --bin $(RELEASE) $(ARGS)

.PHONY: build-fuzzers
build-fuzzers: need-check $(FUZZ)/build.ninja
	@$(NINJA) -C $(FUZZ)

.PHONY: fuzz
fuzz: build-fuzzers ## every fuzzer for FUZZ_SECONDS (30), with ASan and UBSan, built by clang
	@scripts/fuzz.sh $(FUZZ) $(FUZZ_SECONDS)

.PHONY: format
format: need-check ## write all C files in the house style
	@scripts/check-format.sh --write

.PHONY: lint
lint: build ## clang-tidy, floors, and rules on files
	@scripts/check-lint.py $(DEBUG)
	@scripts/check-floors.sh
	@scripts/check-files.sh

.PHONY: cover
cover: ## test coverage, in build-cover/report/index.html
	@scripts/setup cover
	@$(MAKE) $(COVER)/build.ninja
	@$(NINJA) -C $(COVER)
	@scripts/cover.sh $(COVER)

.PHONY: release
release: need-build $(RELEASE)/build.ninja ## one stripped static binary, build-release/ringside; and ringside-kube
	@$(NINJA) -C $(RELEASE) ringside ringside-kube

.PHONY: install
install: release ## install into DESTDIR and PREFIX (/usr/local)
	install -D -m 755 $(RELEASE)/ringside '$(DESTDIR)$(PREFIX)/bin/ringside'
	install -v -D -m 755 $(RELEASE)/ringside-kube '$(DESTDIR)$(PREFIX)/libexec/ringside/ringside-kube'
	@if [ -f docs/man/ringside.8 ]; then \
		install -v -D -m 644 docs/man/ringside.8 '$(DESTDIR)$(PREFIX)/share/man/man8/ringside.8'; \
	fi

.PHONY: clean
clean: ## remove what was built
	rm -rf $(DEBUG) $(RELEASE) $(FUZZ) $(COVER)

# --- what the targets above need -----------------------------------------------------------------

.PHONY: need-build need-check
need-build:
	@scripts/setup build
need-check:
	@scripts/setup check

$(DEBUG)/build.ninja:
	@echo 'configuring $(@D)'
	@mkdir -p $(@D)
	@meson setup $(@D) -Dbuildtype=debug -Db_sanitize=address,undefined -Dtests=enabled $(SETUP_QUIET)

$(RELEASE)/build.ninja:
	@echo 'configuring $(@D)'
	@mkdir -p $(@D)
	@meson setup $(@D) -Dbuildtype=release -Doptimization=2 -Dstatic=true -Dstrip=true $(SETUP_QUIET)

# `make run` does without the libraries that only tests need; whoever tests the release adds them.
$(RELEASE)/tests.enabled: | $(RELEASE)/build.ninja
	@scripts/setup check
	@meson setup --reconfigure $(@D) -Dtests=enabled $(SETUP_QUIET)
	@touch $@

$(FUZZ)/build.ninja:
	@echo 'configuring $(@D)'
	@mkdir -p $(@D)
	@CC=clang-14 meson setup $(@D) -Dbuildtype=debug -Doptimization=1 -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false -Dtests=disabled $(SETUP_QUIET)

$(COVER)/build.ninja:
	@echo 'configuring $(@D)'
	@mkdir -p $(@D)
	@meson setup $(@D) -Dbuildtype=debug -Db_coverage=true -Dtests=enabled $(SETUP_QUIET)
