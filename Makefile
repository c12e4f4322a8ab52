# The commands of the project. `make demo` and `make test` are all a newcomer needs: both install what
# is missing, build, and run. Everything made lies in build/, dist/ and .venv/.
PYTHON := .venv/bin/python
RELEASE := build/release
ASAN := build/asan
# Jobs at once: one per core. Override with `make JOBS=1 build` on a machine short of memory.
JOBS ?= $(shell nproc)

# ccache must not tell two builds apart by the time stamps inside a precompiled header.
export CCACHE_SLOPPINESS := pch_defines,time_macros

configure = cmake -S . -B $(1) -G Ninja -Wno-dev -DPython3_EXECUTABLE="$(CURDIR)/$(PYTHON)" $(2) \
	> $(1)/configure.log 2>&1 || { cat $(1)/configure.log; exit 1; }

.PHONY: help demo test build bench lint format asan wheel install clean bootstrap

help:
	@echo "make demo    install what is missing, build, read real data and show it"
	@echo "make test    install what is missing, build, run every test"
	@echo "make build   $(RELEASE)/ and a .venv/ that imports lancea and has the test tools"
	@echo "make bench   Lancea beside pylance, Parquet and Vortex on the same data"
	@echo "make lint    clang-format, ruff, layers, file sizes, clang-tidy on changed files"
	@echo "make format  let clang-format and ruff rewrite the sources"
	@echo "make asan    unit and corruption tests under AddressSanitizer and UBSan"
	@echo "make wheel   a wheel of the Python package in dist/"
	@echo "make install PREFIX=/usr/local   library, headers, command, CMake and pkg-config files"
	@echo "make clean   remove build/ and dist/"

bootstrap:
	@tools/bootstrap.sh

build: bootstrap
	@mkdir -p $(RELEASE)
	@$(call configure,$(RELEASE),-DCMAKE_BUILD_TYPE=Release -DLANCEA_BUILD_PYTHON=ON)
	@cmake --build $(RELEASE) -j $(JOBS)
	@tools/link_into_venv.sh $(RELEASE)

demo: build
	@$(PYTHON) examples/demo/digits.py

# Both runners run even if the first fails, so that one run tells everything.
test: build
	@status=0; \
	ctest --test-dir $(RELEASE) -j $(JOBS) --output-on-failure --no-tests=error || status=1; \
	$(PYTHON) -m pytest || status=1; \
	exit $$status

bench: build
	@tools/bootstrap.sh --bench
	@$(call configure,$(RELEASE),-DCMAKE_BUILD_TYPE=Release -DLANCEA_BUILD_PYTHON=ON -DLANCEA_BUILD_BENCHMARKS=ON)
	@cmake --build $(RELEASE) -j $(JOBS) --target lancea_warm_reads
	@$(PYTHON) benchmarks/run.py $(BENCH_ARGS)
	@$(PYTHON) benchmarks/writes.py
	@$(PYTHON) benchmarks/filters.py

lint:
	@tools/bootstrap.sh --lint
	@tools/lint.sh

format:
	@tools/bootstrap.sh --lint
	@tools/lint.sh --fix

# A corrupt file may end in an error only: any report of a sanitizer ends the program.
# Leaks are not looked for: Arrow's own pools live as long as the process. libarrow is not built with
# the sanitizer, so the marks that std::vector leaves across that border mean nothing.
asan: export ASAN_OPTIONS := detect_leaks=0:detect_container_overflow=0:allocator_may_return_null=1
asan: export UBSAN_OPTIONS := print_stacktrace=1
asan: bootstrap
	@mkdir -p $(ASAN)
	@$(call configure,$(ASAN),-DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 -DLANCEA_WERROR=OFF \
		-DLANCEA_SANITIZE=address$(,)undefined)
	@cmake --build $(ASAN) -j $(JOBS)
	@ctest --test-dir $(ASAN) -j $(JOBS) --output-on-failure --no-tests=error

wheel: bootstrap
	@$(PYTHON) -m pip wheel . --no-build-isolation --no-deps --wheel-dir dist

install: build
	@cmake --install $(RELEASE) $(if $(PREFIX),--prefix "$(PREFIX)")

clean:
	rm -rf build dist

# A comma that make does not read as the end of an argument.
, := ,
