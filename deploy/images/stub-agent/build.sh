#!/usr/bin/env bash
# The agent that AgentPod's own end-to-end tests run by the dozen.
#
#   deploy/images/stub-agent/build.sh [tag] [--force]      default tag: agentpod-test/stub-agent:1
#
#   AGENTPOD_CACHE_DIR    kept between runs (default /var/cache/agentpod; ~/.cache/agentpod when not root)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/images/lib.sh
. "$here/../lib.sh"

tag=${1:-agentpod-test/stub-agent:1}

need_docker
# Tests and stand-in change together: one that was built from other sources is built again.
sources=$(cat "$here/Dockerfile" "$here"/*.mjs | sha256sum | cut -c 1-16)
built=$(docker image inspect --format '{{index .Config.Labels "agentpod-test.sources"}}' "$tag" 2>/dev/null || true)
[ "$built" = "$sources" ] || set -- "$tag" --force
skip_when_present "$tag" "${2:-}"
need_npm
"$here/../debian/build.sh"

node_binary 24.21.0 "$work/image/node"
cp "$here"/*.mjs "$work/image/"

step "image $tag"
quietly docker build --tag "$tag" --label "agentpod-test.sources=$sources" --file "$here/Dockerfile" "$work/image" ||
  fail "the engine could not build the image" "Is there disk space left?"
