# Thin: each target is a script of scripts/, which says in its head what it does and what can be set.
.DEFAULT_GOAL := help
.PHONY: help setup run dev build test lint bench screens

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
setup: ## install what is missing to build (quick when nothing is)
	@scripts/setup
run: ## build, and start the console with a sample system on 127.0.0.1:8080
	@scripts/run
dev: ## the same in debug; the console is rebuilt at each change
	@scripts/dev
build: ## one release binary with the console embedded
	@scripts/build
test: ## format, lint, unit, integration, crash, size, and a real browser
	@scripts/test
lint: ## format and clippy only
	@scripts/lint
bench: ## the figures of README, against baselines measured in the same run (ONLY="migration static" measures those parts)
	@scripts/bench $(ONLY)
screens: ## a picture of every page
	@scripts/screens
