# What there is to do with edgemoe, each in one command. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PREFIX ?= /usr/local
PICTURE ?=
SECONDS_EACH ?= 60

.PHONY: help demo test test-full sanitize fuzz arm bench format lint install clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */make \1\t/' | expand -t 18

demo:  ## Build the tool, run it on a photograph and a video (PICTURE=file for one or the other of your own)
	@scripts/install-dependencies build
	@scripts/demo $(if $(PICTURE),"$(PICTURE)")

test:  ## Build and run the quick tests
	@scripts/install-dependencies build test rtl
	@scripts/run-tests default --label-exclude full

test-full:  ## Build and run every test
	@scripts/install-dependencies build test rtl
	@scripts/run-tests default

sanitize:  ## The quick tests under the address and undefined-behaviour sanitizers
	@scripts/install-dependencies build test fuzz
	@scripts/run-tests asan --label-exclude 'full|host'

fuzz:  ## Fuzz each reader of foreign files (SECONDS_EACH=60)
	@scripts/install-dependencies build fuzz
	@scripts/fuzz $(SECONDS_EACH)

arm:  ## Cross-build for 64-bit ARM and run the quick tests under qemu
	@scripts/install-dependencies build test arm
	@scripts/arm-sysroot
	@scripts/run-tests aarch64 --label-exclude 'full|host'

bench:  ## Build and run the benchmarks against ONNX Runtime, OpenVINO and PyTorch; results go to out/bench
	@scripts/install-dependencies build bench
	@scripts/bench

format:  ## Lay out the C++ sources
	@scripts/install-dependencies lint
	@scripts/format

lint:  ## Check the layout, and the code with clang-tidy
	@scripts/install-dependencies build test lint
	@scripts/format --check
	@scripts/lint

install:  ## Build and install under PREFIX (/usr/local)
	@scripts/install-dependencies build
	@cmake --preset demo --log-level=WARNING
	@cmake --build --preset demo
	@cmake --install build/default --prefix "$(PREFIX)"

clean:  ## Remove everything that was built
	rm -rf build out
