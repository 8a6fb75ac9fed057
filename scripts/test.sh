#!/usr/bin/env bash
# Installs what is missing and runs every test of AgentPod with the real parts: Docker engine, Traefik, OpenClaw,
# Pebble, Chromium. Debian 12 or newer, as root. Ends with the line "N passed, N failed".
#   scripts/test.sh                everything
#   scripts/test.sh check          format, lint, types, unit and contract tests
#   scripts/test.sh e2e [FILTER]   end to end only
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
# shellcheck source=/dev/null
. scripts/lib/docker.sh
# shellcheck source=/dev/null
. scripts/lib/node.sh
# shellcheck source=/dev/null
. scripts/lib/traefik.sh

part=${1:-all}
filter=${2:-}
results=$(mktemp -d)
trap 'rm -rf "$results" "$log"' EXIT

step "packages of the distribution"
need_packages ca-certificates curl openssl procps iproute2 python3-venv \
  docker.io iptables debootstrap busybox-static chromium fonts-noto-cjk pebble
if ! command -v docker-registry >/dev/null; then
  need_packages docker-registry
  # The test starts one of its own; nobody asked for a service that listens on every address.
  [ ! -d /run/systemd/system ] || quietly systemctl disable --now docker-registry
fi
step "container engine"
ensure_docker
step "packages of the project"
ensure_node_modules
step "Traefik"
AGENTPOD_TRAEFIK_BIN=$(traefik_binary)
export AGENTPOD_TRAEFIK_BIN AGENTPOD_REAL_PARTS=required

failed=0
run() { # NAME COMMAND...: goes on after a failure, so that one run shows all of them
  local name=$1
  shift
  step "$name"
  "$@" || {
    failed=1
    echo "FAILED: $name" >&2
  }
}

step "images"
deploy/images/debian/build.sh
deploy/images/stub-agent/build.sh agentpod-test/stub-agent:1
deploy/images/openclaw/build.sh 2026.9.6

if [ "$part" != e2e ]; then
  run "format" npm run --silent check:format
  run "types" npm run --silent check:types
  run "lint" npm run --silent check:lint
  run "dead code" npm run --silent check:dead
  run "dashboard build" npm run --silent build -- dashboard
  run "unit and contract tests" npx vitest run --reporter=default --reporter=json --outputFile.json="$results/unit.json"
  # What fits into two minutes on two small cores; at night "npm run sim -- --seeds 10000".
  run "simulation" npm run --silent sim -- --seeds 3000 --seconds 180
fi
if [ "$part" != check ]; then
  run "end to end" npx vitest run --config e2e/vitest.config.ts --reporter=default --reporter=json \
    --outputFile.json="$results/e2e.json" ${filter:+"$filter"}
fi

node_modules/.bin/node scripts/count-tests.ts "$failed" "$results"/*.json
