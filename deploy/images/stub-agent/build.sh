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
skip_when_present "$tag" "${2:-}"
need_npm
"$here/../debian/build.sh"

node_binary 24.21.0 "$work/image/node"
cp "$here/stub-agent.mjs" "$work/image/"

step "image $tag"
quietly docker build --tag "$tag" --file "$here/Dockerfile" "$work/image" ||
  fail "the engine could not build the image" "Is there disk space left?"
