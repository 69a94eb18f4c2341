# The developer's whole vocabulary: `make help`. Builds live in build/<preset>.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
SOAK_SECONDS ?= 600
SOAK_ITEMS ?= 100000000
SOAK_KILLS ?= 10000
# Tests that `make asan` leaves out: those that look at sources, and of a model of the protocol.
LEAVE_OUT ?= ^(header_alone|kernel_calls|style|Explorer)
# Clones of the project share what ccache has.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
FUZZ_SECONDS ?= 60

.PHONY: help demo test python quick bench bench-quick check format soak fuzz asan tsan arm64 install clean
.DEFAULT_GOAL := help

build-%:
	@cmake --preset $* --log-level=WARNING >/dev/null
	@cmake --build --preset $* -j $(JOBS)

help: ## This list
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## /  make \1|/' | column -t -s '|'

demo: ## Install what is missing, build, and run examples/packages on this machine's own package index
	@tools/setup.sh demo
	@tools/demo.sh

test: ## Build and run all tests (setup, dev preset, quick and slow, then those of the Python package)
	@tools/setup.sh test
	@$(MAKE) --no-print-directory build-dev
	@tools/run_tests.sh dev
	@tools/python_tests.sh

python: ## Build the Python package (build/wheels), test it in a clean environment; PYTHONS="python3.12 python3.13" for those
	@tools/setup.sh python
	@tools/python_tests.sh

quick: build-dev ## Build and run the quick tests
	@tools/run_tests.sh dev -LE slow

bench: ## Measure beside all peers; writes docs/performance.md and docs/plots; 40 minutes
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory build-release
	@tools/bench.sh
	@python3 tools/plot_bench.py build/release/bench.json

bench-quick: ## The same on 20,000 entries; minutes; writes nothing
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory build-release
	@tools/bench.sh --entries 20000 --rounds 3

check: ## Format, layers and lint; under two minutes
	@tools/check.sh

format: ## Format all sources in place
	@tools/sources.sh | xargs clang-format-16 -i

soak: build-dev build-release ## A list of SOAK_ITEMS=100000000, SOAK_KILLS=10000, then new seeds for SOAK_SECONDS=600
	@tools/soak.sh $(SOAK_SECONDS) $(SOAK_ITEMS) $(SOAK_KILLS)

fuzz: build-fuzz ## Run each fuzz target (FUZZ_SECONDS=60)
	@tools/fuzz.sh $(FUZZ_SECONDS)

asan: build-asan ## Quick tests under the address, leak and undefined-behaviour sanitizers
	@tools/run_tests.sh asan -LE slow -E '$(LEAVE_OUT)'
	@tools/python_tests.sh asan

tsan: build-tsan ## Thread tests under the thread sanitizer
	@tools/run_tests.sh tsan -R '[Tt]hread' -LE slow

arm64: ## Tests of the lower layers and of threads for ARM64, cross-compiled, under QEMU
	@tools/arm64.sh

install: build-release ## Install library, headers and command (PREFIX=/usr/local)
	@cmake --install build/release --prefix $(PREFIX)

clean: ## Remove build/
	@rm -rf build
