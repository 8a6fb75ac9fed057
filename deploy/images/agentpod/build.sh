#!/usr/bin/env bash
# The image of control plane and gateway: agentpod/agentpod:<version>, from this checkout. Safe to repeat: without a
# change in the code the image stays the very same one.
#
#   deploy/images/agentpod/build.sh [version]
#
#   AGENTPOD_CACHE_DIR    kept between runs (default /var/cache/agentpod; ~/.cache/agentpod when not root)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$here/../../../scripts/lib/common.sh"
# shellcheck source=scripts/lib/docker.sh
. "$here/../../../scripts/lib/docker.sh"

version=${1:-$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$repository/apps/server/package.json")}
tag=agentpod/agentpod:$version

docker_answers >"$log" 2>&1 || fail "the container engine does not answer" "Start Docker, or run this as a user who may use it."
"$here/../debian/build.sh"

context=$(mktemp -d)
trap 'rm -rf "$context" "$log"' EXIT
"$here/bundle.sh" "$context/prebuilt"

step "image $tag"
quietly docker build --network host --build-arg BASE=agentpod/debian:bookworm --tag "$tag" \
  --file "$repository/deploy/Dockerfile" "$context" ||
  fail "the engine could not build $tag" "If apt failed inside: can containers reach the Debian mirror?"
