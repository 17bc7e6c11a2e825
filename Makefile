# The commands people type; CMake presets (CMakePresets.json) and ninja do the work.
#
#   make run                 install, build, start a whole local network, send one request
#   make run ARGS=--once     the same, then stop; the last line of output is JSON
#   make test                install, build, pass all tests
#   make help                the rest

.DEFAULT_GOAL := build
ARGS ?=
NAME ?=
JOBS ?= $(shell nproc)
MAKEFLAGS += --no-print-directory --silent
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
# A first build shows how far it is; later ones say nothing unless something is wrong.
ninja = ninja -C build/$1 -j$(JOBS) $(if $(MAKE_TERMOUT),$(if $(wildcard build/bin/outlayer),$(quiet)),$(quiet))
quiet = --quiet | { grep -v 'no work to do' || true; }

.PHONY: help
help:
	@echo "make build            build everything into build/bin (default)"
	@echo "make run [ARGS=…]     start a local network and send one request; ARGS=--once stops after it"
	@echo "make test             all tests: unit, whole system, sanitizers, fuzz smoke"
	@echo "make test-quick       unit and whole-system tests of the release build only"
	@echo "make test-oracle      compare the contract VM with the public NEAR runner"
	@echo "make test-clients     build near-cli-rs and outlayer-cli, and run the tests that need them"
	@echo "make bench [NAME=…]   benchmarks, JSON lines into build/bench/<name>.jsonl"
	@echo "make lint             layout and static checks"
	@echo "make fmt              lay the sources out"
	@echo "make fuzz [NAME=… SECONDS=…]  fuzz longer"
	@echo "make toolchain        what Rust programs from GitHub are compiled with, once for this machine;"
	@echo "                      ARGS=--rustup takes rustup's default toolchain instead of Debian's"
	@echo "make clean            remove build/ (the engine stays in the cache folder)"

.PHONY: deps-run deps-test
deps-run:
	@tools/install-deps run
deps-test:
	@tools/install-deps test

# Configure once, and anew when presets or toolchain change; other CMake files ninja notices itself.
build/%/build.ninja: CMakePresets.json cmake/wasm32.cmake
	@cmake --fresh --preset $* > build/$*.cmake.log || { cat build/$*.cmake.log; exit 1; }
	@touch $@

build/.dir:
	@mkdir -p build && touch $@

.PHONY: contracts
contracts: deps-run build/.dir
	@$(MAKE) build/wasm/build.ninja
	@$(call ninja,wasm)

.PHONY: build
build: deps-run build/.dir
	@tools/build-engine > /dev/null
	@$(MAKE) contracts build/release/build.ninja
	@$(call ninja,release)

.PHONY: run
run: build
	@build/bin/outlayer up $(ARGS)

.PHONY: toolchain
toolchain: $(if $(findstring --rustup,$(ARGS)),deps-run,deps-test)
	@tools/build-toolchain --wasip2 $(ARGS) > /dev/null

.PHONY: build-tests
build-tests: deps-test build/.dir
	@tools/build-toolchain > /dev/null
	@tools/build-engine > /dev/null
	@$(MAKE) contracts build/release/build.ninja
	@cmake -DOUTLAYER_TESTS=ON build/release > build/release.cmake.log || { cat build/release.cmake.log; exit 1; }
	@$(call ninja,release)

.PHONY: test-quick
test-quick: build-tests
	@ctest --preset release

.PHONY: test
test: test-quick test-asan test-fuzz
	@$(MAKE) lint
	@echo "all tests passed"

.PHONY: test-asan
test-asan: build-tests
	@$(MAKE) build/asan/build.ninja
	@cmake -DOUTLAYER_TESTS=ON build/asan > build/asan.cmake.log || { cat build/asan.cmake.log; exit 1; }
	@$(call ninja,asan)
	@ctest --preset asan

.PHONY: test-oracle
test-oracle: build-tests
	@tools/test-oracle

.PHONY: test-clients
test-clients: build-tests
	@tools/build-clients > /dev/null
	@ctest --preset release -R 'system/(chain|near_cli|outlayer_cli)$$'

SECONDS ?= 5
.PHONY: test-fuzz fuzz
test-fuzz fuzz: deps-test build/.dir
	@tools/build-engine > /dev/null
	@$(MAKE) build/fuzz/build.ninja
	@cmake -DOUTLAYER_FUZZ_SECONDS=$(SECONDS) build/fuzz > build/fuzz.cmake.log || { cat build/fuzz.cmake.log; exit 1; }
	@$(call ninja,fuzz)
	@ctest --preset fuzz -L fuzz $(if $(NAME),-R fuzz/$(NAME))

.PHONY: bench
bench: build-tests
	@tools/bench $(NAME)

.PHONY: lint fmt
lint: build-tests
	@tools/lint
fmt: deps-test
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

.PHONY: clean
clean:
	rm -rf build
