# Two commands do everything on a fresh Debian 12: `sudo make demo` and `sudo make check`.
# `sudo make demo DEMO=proxy` shows proxy mode.
# The rest of the work is meson's; see docs/testing.md.
BUILD   ?= build
PYTHON  := /usr/bin/python3
SECONDS ?= 600

RUN_PACKAGES   := meson ninja-build g++ pkg-config libdpdk-dev dpdk libboost-dev libspdlog-dev \
                  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev prometheus-cpp-dev libsystemd-dev \
                  libedit-dev libgtest-dev \
                  libgmock-dev libbenchmark-dev python3-scapy iproute2 iputils-ping ethtool procps
BENCH_PACKAGES := dpdk-dev openvswitch-switch-dpdk python3-matplotlib valgrind
DEB_PACKAGES   := debhelper dpkg-dev fakeroot
DEB_CHECK_PACKAGES := mmdebstrap lintian systemd libcap2-bin
CHECK_PACKAGES := clang libclang-rt-14-dev clang-format-14 python3-pytest frr igmpproxy \
                  chromium chromium-driver python3-selenium

# What `make bench` builds besides sluiced and sluicectl, and where its report goes.
BENCH_PROGRAMS := tests/bench/control_rates tests/bench/tester/tester
REPORT         ?= $(BUILD)/bench

.PHONY: build demo demo-stop check bench bench-quick bench-micro bench-build fuzz soak conformance clean \
        deb deb-check install-run-deps install-deps install-bench-deps

build: install-run-deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@ninja -C $(BUILD) control/sluiced control/cli/sluicectl

demo: build
	@SLUICE_BUILD=$(BUILD) $(PYTHON) tests/demo/$(or $(DEMO),demo).py $(if $(KEEP),--keep)

demo-stop:
	@SLUICE_BUILD=$(BUILD) $(PYTHON) tests/demo/demo.py --stop

check: install-deps
	@$(PYTHON) tests/tools/check.py

conformance: install-deps
	@$(PYTHON) tests/tools/check.py --write-conformance

# sudo make bench BENCH="--only fanout churn"
bench: bench-build
	@mkdir -p $(REPORT)
	@$(PYTHON) tests/bench/bench.py --build $(BUILD) --json $(REPORT)/report.json \
	  --plots $(REPORT) $(BENCH)

bench-quick: bench-build
	@$(PYTHON) tests/bench/bench.py --build $(BUILD) --quick $(BENCH)

# What one look-up, one message, one row of a table costs (Google Benchmark).
bench-micro: install-bench-deps build
	@meson test -C $(BUILD) --benchmark --verbose

bench-build: install-bench-deps build
	@bash tests/tools/unpack_package.sh smcroute $(BUILD)/bench-peers/smcroute
	@ninja -C $(BUILD) --quiet $(BENCH_PROGRAMS)

fuzz: install-deps
	@bash tests/fuzz/run.sh

soak: build install-deps
	@SLUICE_BUILD=$(BUILD) $(PYTHON) tests/tools/soak.py --seconds $(SECONDS)

# The Debian package, in build/deb.
deb:
	@bash tests/tools/install_packages.sh $(RUN_PACKAGES) $(DEB_PACKAGES)
	@bash config/package/build_deb.sh $(BUILD)/deb

# Installs it on a Debian 12 that has nothing else, and runs its unit with each kind of device.
deb-check: deb
	@bash tests/tools/install_packages.sh $(DEB_CHECK_PACKAGES)
	@$(PYTHON) tests/tools/deb_check.py $(BUILD)/deb

# Quick, and without a network, when everything is there already.
install-run-deps:
	@bash tests/tools/install_packages.sh $(RUN_PACKAGES)

install-bench-deps:
	@bash tests/tools/install_packages.sh $(RUN_PACKAGES) $(BENCH_PACKAGES)

install-deps:
	@bash tests/tools/install_packages.sh $(RUN_PACKAGES) $(CHECK_PACKAGES)

clean:
	rm -rf $(BUILD) build-asan build-tsan build-clang build-fuzz
