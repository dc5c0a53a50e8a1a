# Everything one does with yemae by hand, and all that CI does. `make` alone lists it.
# Needs cargo, a C compiler and python3; no root. The rest is fetched into .tools by `make tools`.

# The program and its tests look for nats-server, initdb and postgres in PATH, cargo for its subcommands.
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.tools/postgres/bin:$(PATH)

# The same words in every target: other ones would build all dependencies once more.
CLIPPY := cargo clippy --workspace --all-targets --locked

.PHONY: help tools build run test contract test-clients test-http proof-all siege overload bench lint chart image test-cluster ci release fmt clean need

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

tools: need ## fetch nats-server, PostgreSQL, buf, nextest and cargo-deny into .tools
	@python3 .ci/tools.py

build: need ## build everything
	cargo build --workspace --locked

run: need ## start every service in one process, with demo data
	@python3 .ci/tools.py nats-server
	@test -x target/debug/yemae || echo "The first build takes some minutes, later ones seconds."
	cargo run --locked --bin yemae -- up --demo

# The tests whose contexts are on whatever store TEST_STORE says: sqlite, postgres, or a mix of them.
ON_ANY_STORE := kind(test) - package(mesh) - package(gateway) - (package(yemae) - test(/^(audit|bookings|broker|crash_world|dead_letters|kills|load|old_bugs|payment|production|rebuild|seats|secrets|sentences|serving|story|vod|food|iptv|taxi)::/))
# What `make contract` runs.
CONTRACT := package(yemae) & test(/^contract::/)
NEXTEST := cargo nextest run --workspace --locked $(if $(CI),--profile ci)
# Every run writes its report to the same place: it is kept under the run's name.
KEEP := cp target/nextest/$(if $(CI),ci,default)/junit.xml target/reports

test: tools ## run all tests: documentation examples, units, whole systems with NATS and PostgreSQL
	cargo test --doc --workspace --locked --quiet
	@rm -rf target/reports && mkdir -p target/reports
	$(NEXTEST) -E 'all() - ($(ON_ANY_STORE)) - ($(CONTRACT))'
	@$(KEEP)/once.xml
	@failed=0; for store in sqlite postgres; do \
		echo "test: every context on $$store"; \
		TEST_STORE=$$store $(NEXTEST) -E '$(ON_ANY_STORE)' || failed=1; \
		$(KEEP)/$$store.xml; \
	done; exit $$failed
	@echo "test: contexts that work together on a mix"
	TEST_STORE=mix $(NEXTEST) -E '(package(yemae) & test(/^(bookings|crash_world|old_bugs|rebuild|story)::/)) + test(/^chaos::seeds::/)'
	@$(KEEP)/mix.xml
	@python3 .ci/sentences.py

test-clients: need ## play the examples of proto/examples, in each language whose tool chain is here
	@python3 .ci/tools.py nats-server buf
	cargo build --workspace --locked --bin yemae
	@python3 .ci/clients.py

contract: tools ## hold every RPC and event against what its contract says, and print the table of it
	@python3 .ci/contract.py clear
	$(NEXTEST) -E '$(CONTRACT)'
	@python3 .ci/contract.py

proof-all: tools ## the long forms of the proof: ten kills with 1,000 answered bookings before each, four replicas
	@failed=0; for store in sqlite postgres; do \
		echo "proof: every context on $$store"; \
		YEMAE_PROOF=full TEST_STORE=$$store cargo nextest run --workspace --locked --profile proof --run-ignored all -E 'package(yemae) & test(/^(kills|replicas)::(.*::)?real_/)' || failed=1; \
	done; exit $$failed

siege: need ## 100 customers for 60 s on a payment of 400 to 620 ms; fails below what is promised
	@python3 .ci/tools.py nats-server
	cargo build --release --locked --bin yemae
	@sh .ci/mesh.sh load --siege

overload: need ## the curve from half to five times what payment is good for, drawn into target/overload.svg
	@python3 .ci/tools.py nats-server
	cargo build --release --locked --bin yemae
	@sh .ci/mesh.sh load --sweep --svg target/overload.svg

test-http: need ## check the gateway's documents, and call every route by them thousands of times (not in CI)
	@python3 .ci/tools.py nats-server
	cargo build --locked --bin yemae
	@python3 .ci/gateway.py

bench: need ## bookings a second and what each costs, beside what the parts do by themselves, as one JSON object
	@python3 .ci/tools.py nats-server
	cargo build --release --locked --workspace --bin yemae --bench limits --bench postgres --bench door
	@python3 .ci/bench.py

lint: tools ## check format, code, contracts, licences and the tree itself
	python3 .ci/tree.py
	cargo fmt --all --check
	cargo deny --locked --config .ci/deny.toml check --hide-inclusion-graph bans licenses sources
	$(CLIPPY) -- -D warnings
	python3 .ci/contracts.py $(CLIPPY) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked

chart: ## check the Helm chart: lint, renderings, what its schema refuses, what the broker permits
	@python3 .ci/tools.py helm kubeconform schemas nats-server
	@python3 .ci/chart.py

image: need ## build the container image: one static binary and nothing else
	@sh helm/image/binary.sh target/image/root-of-image
	@python3 .ci/image.py yemae:$$(sed -n 's/^appVersion: //p' helm/Chart.yaml)

test-cluster: image ## show the chart on the cluster of KUBECONFIG: install, upgrade, trouble, siege; figures (not in CI)
	@python3 .ci/tools.py nats-server postgres helm
	@python3 -B .ci/cluster.py $(STEPS)

ci: export CI := true
ci: ## what CI runs: tools, lint, chart, contract and test, each timed
	@for step in tools lint chart contract test; do \
		start=$$(date +%s); \
		$(MAKE) --no-print-directory $$step || exit 1; \
		echo "ci: $$step $$(( $$(date +%s) - start )) seconds"; \
	done

release: need ## cut a release: make release VERSION=0.1.0. Keeps its contracts, commits, tags, pushes nothing
	@python3 .ci/release.py check '$(VERSION)'
	@$(MAKE) --no-print-directory ci
	@$(MAKE) --no-print-directory release-cut VERSION='$(VERSION)'

# The end of a release, after CI.
.PHONY: release-cut
release-cut: tools
	@python3 .ci/release.py cut '$(VERSION)' $(CLIPPY) -- -D warnings

fmt: need ## format the code
	cargo fmt --all

clean: ## remove what was built and fetched, but not .yemae, your data
	cargo clean
	rm -rf .tools

need:
	@command -v cargo >/dev/null || { echo "yemae is built with Rust, and there is no cargo in PATH: install it with rustup (https://rustup.rs)." >&2; exit 1; }
	@command -v cc >/dev/null || { echo "SQLite and libpq are built from source, and there is no C compiler (cc) in PATH: install gcc or clang (Debian: build-essential, macOS: xcode-select --install)." >&2; exit 1; }
	@command -v python3 >/dev/null || { echo "The tools are fetched by a Python script, and there is no python3 in PATH: install Python 3.8 or newer." >&2; exit 1; }
